"""Estimates of ln g beside the frozen walk: transition matrix, uniform draws, pieces for a jackknife."""
