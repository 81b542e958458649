"""Settings of the high-entropy advantage, as its tables give them: training by task and width, and its dynamics.

Source: "High-entropy advantage in neural networks' generalizability", supplement, tables 1 (house prices), 3 (polymer),
4 (spiral regression) and 6 (molecular dynamics). What is read otherwise than it stands there:

- Table 1 gives 33200 parameters for W = 100; 331-100-1 with biases has 33301.
- The row of friction coefficients in table 6 is garbled in the text at hand, where it stands on two lines:
  "0.01, 10.5, 0.01, 1a /, 30.5" and "0.01, 16-3, 0.01, 10-4, 50-5". The first and the third number are sure. `friction`
  is one reading of each of the others, 1e-5, 1e-4 and 5e-5; `other_frictions` are those that the text allows as well,
  1e-3 for mnist and 3e-5 for spiral-regression.
- One row of table 6 bounds ln L_test or the smoothed accuracy; it is the accuracy for mnist [0.95] and for cifar
  [1.0, assumption], ln L_test for all others.

Tables say nothing of epochs. For house prices the paper trains with three batch sizes, to have records at all losses,
and the table has the best one; which three is not said: `HOUSE_PRICES_BATCH_SIZES` are the ends of its range of tuning
and the best one of its widest network [assumption]. Rates and batches were tuned on the paper's own data, those of
polymer on its embedding, and those of spiral regression on 250 points.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["HOUSE_PRICES_BATCH_SIZES", "PAPER_TRAINING", "PAPER_WLMD", "PaperTraining", "PaperWLMD", "paper_training"]


@dataclass(frozen=True, slots=True)
class PaperTraining:
    """How the paper trains a network.

    Attributes
    ----------
    n_parameters : int
        Weights and biases.
    learning_rate : float
    batch_size : int
        Points of a mini-batch.
    optimizer : str
        sgd or adam.
    """

    n_parameters: int
    learning_rate: float
    batch_size: int
    optimizer: str = "sgd"


@dataclass(frozen=True, slots=True)
class PaperWLMD:
    """Settings of molecular dynamics on the entropy (table 6).

    x is ln L_train, y is ln L_test or the smoothed test accuracy. The scale factor of step t is f_max t/t1 up to t1,
    f_max up to t2, and f_max (t2 - t3)/(t - t3) afterwards (eq. 4).

    Attributes
    ----------
    gaussian_sigma : float
        Width of the kernel that a visit adds, in units of x and y.
    cutoff : float
        Distance beyond which the kernel is zero, in the same units: four times the width.
    max_log_train_loss, max_log_test_loss, max_smoothed_test_accuracy : float
        Where the walls of eq. 3 begin; inf where there is none.
    f_max : float
        Largest scale factor.
    t1, t2, t3 : int
        Of the schedule, in steps.
    time_step : float
        Of the dynamics, masses one and kT = 1.
    friction : float
        Of the Langevin thermostat, for one step.
    other_frictions : tuple of float
        Other readings of the friction, where the table at hand cannot tell.
    """

    gaussian_sigma: float
    cutoff: float
    max_log_train_loss: float
    f_max: float
    t1: int
    t2: int
    t3: int
    time_step: float
    friction: float
    max_log_test_loss: float = math.inf
    max_smoothed_test_accuracy: float = math.inf
    other_frictions: tuple[float, ...] = ()


PAPER_TRAINING: dict[str, dict[int, PaperTraining]] = {
    "house-prices": {
        10: PaperTraining(3331, 5e-4, 16),
        20: PaperTraining(6661, 5e-4, 16),
        50: PaperTraining(16651, 5e-3, 16),
        100: PaperTraining(33301, 8e-3, 64),
    },
    "polymer": {
        2: PaperTraining(1541, 5e-3, 32),
        10: PaperTraining(7701, 1e-2, 32),
        50: PaperTraining(38501, 1e-2, 64),
        100: PaperTraining(77001, 1e-2, 64),
    },
    "spiral-regression": {
        30: PaperTraining(1051, 2e-3, 5, "adam"),
        100: PaperTraining(10501, 5e-3, 10, "adam"),
        300: PaperTraining(91501, 2e-3, 5, "adam"),
        1000: PaperTraining(1005001, 2e-3, 10, "adam"),
    },
}
HOUSE_PRICES_BATCH_SIZES = (16, 64, 128)
LAYERS = {"house-prices": 1, "polymer": 1, "spiral-regression": 2}  # hidden ones, all of the same width

PAPER_WLMD: dict[str, PaperWLMD] = {
    "house-prices": PaperWLMD(
        gaussian_sigma=0.5,
        cutoff=2.0,
        max_log_train_loss=-1.0,
        max_log_test_loss=5.0,
        f_max=20.0,
        t1=500_000,
        t2=500_000,
        t3=0,
        time_step=1e-4,
        friction=0.01,
    ),
    "mnist": PaperWLMD(
        gaussian_sigma=0.2,
        cutoff=0.8,
        max_log_train_loss=2.0,
        max_smoothed_test_accuracy=0.95,
        f_max=3.0,
        t1=200_000,
        t2=10_000_000,
        t3=8_000_000,
        time_step=3e-6,
        friction=1e-5,
        other_frictions=(1e-3,),
    ),
    "polymer": PaperWLMD(
        gaussian_sigma=0.5,
        cutoff=2.0,
        max_log_train_loss=0.0,
        max_log_test_loss=5.0,
        f_max=20.0,
        t1=1_000_000,
        t2=1_000_000,
        t3=0,
        time_step=3e-5,
        friction=0.01,
    ),
    "cifar": PaperWLMD(
        gaussian_sigma=0.3,
        cutoff=1.2,
        max_log_train_loss=1.0,
        max_smoothed_test_accuracy=1.0,
        f_max=20.0,
        t1=300_000,
        t2=2_000_000,
        t3=0,
        time_step=2e-5,
        friction=1e-4,
    ),
    "spiral-regression": PaperWLMD(
        gaussian_sigma=0.2,
        cutoff=0.8,
        max_log_train_loss=-0.5,
        f_max=5.0,
        t1=200_000,
        t2=10_000_000,
        t3=8_000_000,
        time_step=5e-5,
        friction=5e-5,
        other_frictions=(3e-5,),
    ),
}


def paper_training(task: str, hidden: tuple[int, ...]) -> PaperTraining | None:
    """What the tables say of a task with these hidden layers; None where they say nothing."""
    if len(hidden) != LAYERS.get(task) or len(set(hidden)) != 1:
        return None
    return PAPER_TRAINING[task].get(hidden[0])
