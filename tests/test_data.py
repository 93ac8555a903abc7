"""The series is the one that was shipped, its gaps are filled without looking ahead, its baselines are honest."""

import numpy as np
import pytest

from course_lib import data
from course_lib.data import load_digits8, load_source, load_weather


@pytest.fixture
def table():
    """The file as numbers, NaN where nothing was recorded."""
    return np.genfromtxt(data.DATASETS / "jfk_weather_2013.csv", delimiter=",", skip_header=1)[:, 1:]


def test_the_series_is_what_its_docstring_says(table):
    weather = load_weather()
    assert weather.values.shape == (8730, 4) and weather.values.dtype == np.float32
    assert len(weather.names) == len(weather.units) == 4
    assert (~weather.observed).sum(axis=0).tolist() == [24, 24, 855, 27]
    assert weather.cut == round(0.75 * 8730)
    np.testing.assert_array_equal(weather.observed, ~np.isnan(table))


def test_recorded_values_are_kept_in_their_units(table):
    weather = load_weather()
    back = weather.values * weather.scale + weather.mean
    np.testing.assert_allclose(back[weather.observed], table[weather.observed], rtol=1e-6, atol=1e-4)
    assert -20 < back[:, 0].min() and back[:, 0].max() < 40 and 980 < back[:, 2].min() and back[:, 3].min() >= 0


def test_standardising_uses_the_training_hours_alone():
    train, _ = load_weather().part("train")
    np.testing.assert_allclose(train.mean(axis=0, dtype=np.float64), 0, atol=1e-6)
    np.testing.assert_allclose(train.std(axis=0, dtype=np.float64), 1, atol=1e-6)
    whole, _ = load_weather().part("all")
    assert (abs(whole.mean(axis=0)) > 0.01).any()


def test_a_gap_is_filled_with_the_last_recorded_value():
    weather = load_weather()
    for channel in range(4):
        hours = np.flatnonzero(~weather.observed[:, channel])
        np.testing.assert_array_equal(weather.values[hours, channel], weather.values[hours - 1, channel])


def test_the_splits_follow_each_other_in_time():
    weather = load_weather()
    joined = [np.concatenate(parts) for parts in zip(weather.part("train"), weather.part("test"), strict=True)]
    for part, whole in zip(joined, weather.part("all"), strict=True):
        np.testing.assert_array_equal(part, whole)


def test_a_changed_or_missing_file_is_named_with_the_way_to_restore_it(tmp_path, monkeypatch):
    original = (data.DATASETS / "jfk_weather_2013.csv").read_bytes()
    monkeypatch.setattr(data, "DATASETS", tmp_path)
    with pytest.raises(ValueError, match="is missing; restore it with `git checkout"):
        load_weather.__wrapped__()
    (tmp_path / "jfk_weather_2013.csv").write_bytes(original.replace(b"3.90", b"9.30", 1))
    with pytest.raises(ValueError, match="is not the file that was shipped; restore it"):
        load_weather.__wrapped__()


def test_line_ends_of_another_system_are_no_change(tmp_path, monkeypatch):
    original = (data.DATASETS / "jfk_weather_2013.csv").read_bytes()
    (tmp_path / "jfk_weather_2013.csv").write_bytes(original.replace(b"\n", b"\r\n"))
    monkeypatch.setattr(data, "DATASETS", tmp_path)
    np.testing.assert_array_equal(load_weather.__wrapped__().values, load_weather().values)


def test_nobody_can_change_the_shared_series():
    with pytest.raises(ValueError, match="read-only"):
        load_weather().values[0] = 0.0


def test_the_readme_gives_the_checksum_that_is_verified():
    readme = (data.DATASETS / "README.md").read_text(encoding="utf-8")
    for name, checksum in data.SHA256.items():
        assert f"`{name}`" in readme and checksum in readme


def test_digits_are_images_with_ink_and_all_ten_labels():
    images, labels = load_digits8()
    assert images.shape == (1797, 8, 8) and images.dtype == np.float32 and labels.shape == (1797,)
    assert images.min() == 0 and images.max() == 1 and np.unique(labels).tolist() == list(range(10))
    assert np.bincount(labels).min() >= 170


def test_images_of_a_digit_resemble_each_other_more_than_other_digits():
    images, labels = load_digits8()
    means = np.stack([images[:900][labels[:900] == digit].mean(axis=0) for digit in range(10)])
    nearest = ((images[900:, None] - means) ** 2).sum(axis=(2, 3)).argmin(axis=1)
    assert (nearest == labels[900:]).mean() > 0.8


def test_the_source_is_that_of_this_python():
    source = load_source()
    assert len(source) > 100 and list(source) == sorted(source)
    assert "def dataclass(" in source["dataclasses"]


def test_a_python_without_its_source_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "get_path", lambda name: str(tmp_path))
    with pytest.raises(ValueError, match="load_source needs the .py files of the standard library"):
        load_source()
