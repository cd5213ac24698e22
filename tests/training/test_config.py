import dataclasses

import pytest

from ganonymization.training.config import TrainingConfig


def test_a_file_changes_the_values_that_it_names(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text("size_px = 64\nchannels = [16, 32]\nl1_weight = 2.5\n")
    expected = dataclasses.replace(TrainingConfig(), size_px=64, channels=(16, 32), l1_weight=2.5)
    assert TrainingConfig.load(path) == expected


def test_a_misspelt_key_is_refused_by_name_and_file(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text("sice_px = 64\n")
    with pytest.raises(ValueError, match=r"run\.toml.*'sice_px'.*'size_px'"):
        TrainingConfig.load(path)


def test_a_table_from_a_checkpoint_gives_the_configuration_again():
    config = TrainingConfig(size_px=64, channels=(16, 32))
    assert TrainingConfig.from_table(dataclasses.asdict(config)) == config
