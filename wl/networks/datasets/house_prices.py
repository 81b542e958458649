"""Sale prices of 1460 houses from 79 descriptors: 331 features, as the high-entropy advantage has them.

Kaggle's House Prices, train.csv (De Cock 2011): 36 descriptors are numbers, 43 are words. The recipe that gives the
paper's 331 features, with numbers first and then words, each in the order of the file:

- MSSubClass is a number; an entry NA is missing; the word None is a category like any other.
- Numbers: (x - mean)/(standard deviation), over all rows where they are not missing, with divisor n - 1; missing ones
  are 0 afterwards, the mean.
- Words: one column of 0 and 1 for each level, in the order of the alphabet, and one more for missing entries, also
  where none is missing: 252 + 43 columns. Some are constant, and more are constant over the training rows.

The target is ln(price), standardised by the training rows [assumption: the paper does not say]. The paper scales the
features before it divides the rows, so scales and levels know of the test rows; prices of test rows are used nowhere.

Source: "High-entropy advantage in neural networks' generalizability", supplement, "Dataset details"; the treatment of
missing entries is that of Dive into Deep Learning, section 5.7, whose copy of the file is downloaded.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd

from wl.networks.datasets.download import Given, Source, obtain, read_known
from wl.networks.datasets.random_split import regression_dataset
from wl.networks.datasets.split import Dataset

__all__ = ["COLUMNS", "HOUSE_PRICES", "encoded", "house_price_dataset", "house_prices", "read_prices"]

HOUSE_PRICES = Source(
    Given("house prices", "--data", "PERCEPTRON_WL_HOUSE_PRICES"),
    "house_prices.csv",
    "http://d2l-data.s3-accelerate.amazonaws.com/kaggle_house_pred_train.csv",
    "1e18addf81e5e4d347cc17ee6075bbe4a42b7fa26b9e5b063e8f692a5f929d41",
)
NUMBER, PRICE = "Id", "SalePrice"  # neither is a descriptor
DESCRIPTORS = """
MSSubClass MSZoning LotFrontage LotArea Street Alley LotShape LandContour Utilities LotConfig LandSlope Neighborhood
Condition1 Condition2 BldgType HouseStyle OverallQual OverallCond YearBuilt YearRemodAdd RoofStyle RoofMatl Exterior1st
Exterior2nd MasVnrType MasVnrArea ExterQual ExterCond Foundation BsmtQual BsmtCond BsmtExposure BsmtFinType1 BsmtFinSF1
BsmtFinType2 BsmtFinSF2 BsmtUnfSF TotalBsmtSF Heating HeatingQC CentralAir Electrical 1stFlrSF 2ndFlrSF LowQualFinSF
GrLivArea BsmtFullBath BsmtHalfBath FullBath HalfBath BedroomAbvGr KitchenAbvGr KitchenQual TotRmsAbvGrd Functional
Fireplaces FireplaceQu GarageType GarageYrBlt GarageFinish GarageCars GarageArea GarageQual GarageCond PavedDrive
WoodDeckSF OpenPorchSF EnclosedPorch 3SsnPorch ScreenPorch PoolArea PoolQC Fence MiscFeature MiscVal MoSold YrSold
SaleType SaleCondition
"""
COLUMNS = (NUMBER, *DESCRIPTORS.split(), PRICE)


def house_prices(path: Path | str | None = None, *, data_seed: int = 1) -> Dataset:
    """House prices: half of the rows to train on, half to test on.

    Parameters
    ----------
    path : path, optional
        The file; unless given, that in the environment variable PERCEPTRON_WL_HOUSE_PRICES, or a download.
    data_seed : int
        Draws which rows are for training.

    Returns
    -------
    Dataset
        730 + 730 points, 331 features, one target; its parameters hold the mean and the standard deviation of ln(price)
        over the training rows.

    Raises
    ------
    ValueError
        For a missing file, one of another SHA-256, no network where it is needed, or a negative seed.
    """
    found = obtain(HOUSE_PRICES, path)
    table = read_prices(read_known(HOUSE_PRICES, found))
    return house_price_dataset(table, data_seed, {"file": found.name, "sha256": HOUSE_PRICES.sha256})


def read_prices(content: bytes) -> pd.DataFrame:
    """The table of a CSV file: NA is missing, and nothing else is."""
    return pd.read_csv(io.BytesIO(content), keep_default_na=False, na_values=["NA"])


def house_price_dataset(table: pd.DataFrame, data_seed: int, origin: dict[str, str]) -> Dataset:
    """The data set of a table with the 81 columns of the file.

    Raises
    ------
    ValueError
        For other columns.
    """
    _check_columns(tuple(table.columns))
    features = encoded(table.drop(columns=[NUMBER, PRICE])).to_numpy()
    log_price = np.log(table[PRICE].to_numpy(dtype=np.float64))
    return regression_dataset(features, log_price, len(table) // 2, data_seed, "house-prices", origin)


def encoded(descriptors: pd.DataFrame) -> pd.DataFrame:
    """Features of descriptors, by the recipe of this module.

    Parameters
    ----------
    descriptors : DataFrame
        A row for each house; columns that are not numeric are words. Missing entries are NaN.

    Returns
    -------
    DataFrame of float64
        Without missing entries. A number that does not vary is 0 throughout.
    """
    numbers, words = descriptors.select_dtypes("number"), descriptors.select_dtypes(exclude="number")
    deviations = numbers.std(ddof=1).fillna(0.0).replace(0.0, 1.0)
    standardised = ((numbers - numbers.mean()) / deviations).fillna(0.0)
    if words.columns.empty:
        return standardised.astype(np.float64)
    levels = pd.get_dummies(words, columns=list(words.columns), dummy_na=True)
    return pd.concat([standardised, levels], axis=1).astype(np.float64)


def _check_columns(found: tuple[str, ...]) -> None:
    allowed = f"the {len(COLUMNS)} columns {', '.join(COLUMNS)}"
    missing = [name for name in COLUMNS if name not in found]
    if missing:
        raise ValueError(f"the table of house prices has no column {missing[0]!r}; allowed: {allowed}")
    if found != COLUMNS:
        place = next((k for k, name in enumerate(COLUMNS) if found[k] != name), len(COLUMNS))
        raise ValueError(f"column {place} of the table of house prices is {found[place]!r}; allowed: {allowed}")
