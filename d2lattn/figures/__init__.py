"""Figures that can be dragged: live, in a built page, and in Colab."""

from d2lattn.figures.explorer import Explorer, explore
from d2lattn.figures.palette import COLORS
from d2lattn.figures.plots import describe, heatmap

__all__ = ["COLORS", "Explorer", "describe", "explore", "heatmap"]
