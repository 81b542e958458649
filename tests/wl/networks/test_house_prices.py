"""House prices: the recipe on a table worked by hand, and the paper's 331 features on the real file.

The real file is that of the environment variable PERCEPTRON_WL_HOUSE_PRICES.
"""

import os

import numpy as np
import pandas as pd
import pooch
import pytest

from wl.networks.datasets.house_prices import (
    COLUMNS,
    encoded,
    house_price_dataset,
    house_prices,
    read_prices,
)
from wl.networks.datasets.split import load_dataset

VARIABLE = "PERCEPTRON_WL_HOUSE_PRICES"
real = pytest.mark.skipif(VARIABLE not in os.environ, reason=f"{VARIABLE} does not name the file of house prices")

MADE_UP = b"""Area,Street,Garage,Veneer,Rooms,Flat
1,Pave,NA,None,7,3
3,Pave,Attchd,Brick,NA,3
NA,Pave,Attchd,NA,5,3
5,Pave,Detchd,None,NA,3
"""


def test_the_recipe_by_hand():
    """Numbers: mean 3 and deviation 2 over {1, 3, 5}; mean 6 and deviation √2 over {7, 5}; missing ones are 0."""
    found = encoded(read_prices(MADE_UP))
    r = np.sqrt(0.5)
    expected = {
        "Area": [-1, 0, 0, 1],
        "Rooms": [r, 0, -r, 0],
        "Flat": [0, 0, 0, 0],
        "Street_Pave": [1, 1, 1, 1],
        "Street_nan": [0, 0, 0, 0],
        "Garage_Attchd": [0, 1, 1, 0],
        "Garage_Detchd": [0, 0, 0, 1],
        "Garage_nan": [1, 0, 0, 0],
        "Veneer_Brick": [0, 1, 0, 0],
        "Veneer_None": [1, 0, 0, 1],
        "Veneer_nan": [0, 0, 1, 0],
    }
    assert list(found.columns) == list(expected)
    assert set(found.dtypes) == {np.dtype(np.float64)}
    np.testing.assert_allclose(found.to_numpy(), np.array(list(expected.values())).T, atol=1e-15)


def test_a_number_with_nothing_known_is_nothing():
    table = pd.DataFrame({"a": [np.nan, np.nan], "b": [4.0, np.nan]})
    np.testing.assert_array_equal(encoded(table).to_numpy(), np.zeros((2, 2)))


def test_encoding_leaves_the_table_alone():
    table = read_prices(MADE_UP)
    before = table.copy()
    encoded(table)
    pd.testing.assert_frame_equal(table, before)


@pytest.fixture
def table():
    """A table with the columns of the file; its prices are e¹, e², …, e⁷, in another order."""
    rows = 7
    columns = {name: np.arange(rows) for name in COLUMNS} | {"Street": ["Pave"] * rows}
    return pd.DataFrame(columns | {"SalePrice": np.exp([3.0, 1.0, 7.0, 2.0, 5.0, 4.0, 6.0])})


def test_the_target_is_scaled_by_the_training_rows(table, tmp_path):
    data = house_price_dataset(table, 5, {"file": "toy.csv"})
    assert (data.train.n_points, data.test.n_points, data.name) == (3, 4, "house-prices")
    np.testing.assert_allclose([data.train.targets.mean(), data.train.targets.std()], [0.0, 1.0], atol=1e-15)
    mean, deviation = data.parameters["target_mean"], data.parameters["target_deviation"]
    both = np.concatenate([data.train.targets, data.test.targets])[:, 0] * deviation + mean
    np.testing.assert_allclose(np.sort(both), np.arange(1.0, 8.0))
    first = table["MSSubClass"].to_numpy()  # tells the row: features of numbers are (row - 3)/deviation
    rows = np.round(np.concatenate([data.train.features, data.test.features])[:, 0] * first.std(ddof=1) + 3.0)
    np.testing.assert_allclose(both, np.log(table["SalePrice"].to_numpy()[rows.astype(int)]))
    assert set(data.parameters) == {"file", "data_seed", "target_mean", "target_deviation"}
    data.save(tmp_path / "d.npz")
    assert dict(load_dataset(tmp_path / "d.npz").parameters) == dict(data.parameters)


def test_the_seed_draws_the_rows(table):
    parts = [house_price_dataset(table, seed, {}).train.features[:, 0].tolist() for seed in (1, 1, 2, 3)]
    assert parts[0] == parts[1]
    assert len({tuple(part) for part in parts}) > 1
    with pytest.raises(ValueError, match="data_seed = -1 is out of range"):
        house_price_dataset(table, -1, {})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda table: table.drop(columns="LotArea"),
            "has no column 'LotArea'; allowed: the 81 columns Id, MSSubClass,",
        ),
        (lambda table: table.rename(columns={"Id": "id"}), "has no column 'Id'"),
        (lambda table: table.assign(More=1), "column 81 of the table of house prices is 'More'"),
        (lambda table: table[["MSSubClass", "Id", *COLUMNS[2:]]], "column 0 of .* is 'MSSubClass'"),
    ],
)
def test_other_columns_are_refused(table, change, message):
    with pytest.raises(ValueError, match=message):
        house_price_dataset(change(table), 1, {})


def test_prices_that_do_not_vary_are_refused(table):
    with pytest.raises(ValueError, match=r"the target is 0\.0 in all training rows; allowed: targets that vary"):
        house_price_dataset(table.assign(SalePrice=1.0), 1, {})


def test_a_file_of_another_hash_is_refused(tmp_path):
    (tmp_path / "mine.csv").write_bytes(MADE_UP)
    with pytest.raises(ValueError, match=r"house prices file .* has sha256 .*; allowed: 1e18addf81e5e4d3"):
        house_prices(tmp_path / "mine.csv")


def test_the_command_line_without_file_and_network(wl, monkeypatch):
    def retrieve(*arguments, **options):
        raise OSError("Network is unreachable")

    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(pooch, "retrieve", retrieve)
    for command in (["train", "house-prices"], ["run", "house-prices", "--steps", "10"]):
        code, out, err = wl(*command)
        assert (code, out) == (2, "")
        assert "(Network is unreachable)" in " ".join(err.split())
        assert "--data FILE or by the environment variable PERCEPTRON_WL_HOUSE_PRICES=FILE" in " ".join(err.split())


@real
def test_the_real_file_has_the_features_of_the_paper():
    data = house_prices(data_seed=3)
    for split in (data.train, data.test):
        assert (split.features.shape, split.targets.shape) == ((730, 331), (730, 1))
    both = np.concatenate([data.train.features, data.test.features])
    np.testing.assert_allclose(both[:, :36].mean(axis=0), 0.0, atol=1e-12)  # also with missing ones at the mean
    assert np.isin(both[:, 36:], [0.0, 1.0]).all()
    np.testing.assert_array_equal(both[:, 36:].sum(axis=1), 43)  # one level, or missing, of each word
    table = read_prices(house_file())
    complete = [
        place
        for place, name in enumerate(table.drop(columns="Id").select_dtypes("number").columns[:-1])
        if table[name].notna().all()
    ]
    assert len(complete) == 33
    np.testing.assert_allclose(both[:, complete].std(axis=0, ddof=1), 1.0)
    targets = np.concatenate([data.train.targets, data.test.targets])[:, 0]
    back = np.exp(targets * data.parameters["target_deviation"] + data.parameters["target_mean"])
    np.testing.assert_allclose(np.sort(back), np.sort(table["SalePrice"].to_numpy(dtype=float)))


def house_file():
    with open(os.environ[VARIABLE], "rb") as file:
        return file.read()


@real
def test_the_networks_of_the_paper(wl):
    short = ["--epochs", "2", "--runs", "2", "--json"]
    found = wl("train", "house-prices", *short)[1]
    assert found["n_parameters"] == 6661
    assert found["settings"]["architecture"]["hidden"] == [20]
    assert found["settings"]["architecture"]["activation"] == "relu"
    assert [found["settings"][name] for name in ("optimizer", "learning_rate", "batch_size")] == ["sgd", 5e-4, 16]
    found = wl("train", "house-prices", "--width", "10", "--data", os.environ[VARIABLE], *short)[1]
    assert found["n_parameters"] == 3331
    damaged = house_file()[:-1]
    with open("damaged.csv", "wb") as file:
        file.write(damaged)
    code, _, err = wl("train", "house-prices", "--data", "damaged.csv")
    assert code == 2
    assert "allowed: 1e18addf81e5" in " ".join(err.split())
