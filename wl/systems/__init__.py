"""Systems that the engine samples; each is a page of code under one interface."""
