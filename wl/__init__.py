"""Flat-histogram sampling of any system; empty until the engine lands."""
