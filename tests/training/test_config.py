import dataclasses
import tomllib

import pytest

from ganonymization.training import config
from ganonymization.training.config import (
    ConfigError,
    PaperConfig,
    TrainingConfig,
    load_config,
    parse_config,
    preset_names,
)


def test_a_file_changes_the_values_of_the_preset_that_it_names(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text("size_px = 64\nchannels = [16, 32]\nl1_weight = 2\n")
    preset = load_config("default-256")
    assert load_config("default-256", path) == dataclasses.replace(preset, size_px=64, channels=(16, 32), l1_weight=2.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sice_px = 64\n", r"run\.toml.*'sice_px'.*'size_px'"),
        ('size_px = "64"\n', r"run\.toml: size_px is '64'; expected is a value like 128"),
        ("seed = 1.5\n", r"run\.toml: seed is 1\.5"),
        ("size_px 64\n", r"run\.toml: Expected '='"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_by_name(tmp_path, text, message):
    path = tmp_path / "run.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_config("default-128", path)


def test_a_table_from_a_checkpoint_gives_the_configuration_again():
    for made in (TrainingConfig(size_px=64, channels=(16, 32)), PaperConfig(size_px=256)):
        assert parse_config(dataclasses.asdict(made)) == made


def test_a_preset_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(ConfigError, match="'default-64' is no preset; there are default-128, default-256, paper-256"):
        load_config("default-64")


@pytest.mark.parametrize("name", ["default-128", "default-256", "paper-256", "paper-512"])
def test_a_preset_says_its_size_and_recipe_in_its_name(name):
    assert name in preset_names()
    recipe, size = name.split("-")
    preset = load_config(name)
    assert isinstance(preset, PaperConfig if recipe == "paper" else TrainingConfig)
    assert preset.size_px == int(size)
    assert set(tomllib.loads((config._PRESETS / f"{name}.toml").read_text())) <= {
        field.name for field in dataclasses.fields(preset)
    }


def test_the_second_stage_goes_further_than_the_first_and_differs_only_at_the_top():
    first, second = load_config("default-128"), load_config("default-256")
    assert isinstance(first, TrainingConfig)
    assert isinstance(second, TrainingConfig)
    assert second.samples > first.samples
    assert (first.channels, first.encoder_blocks, first.decoder_blocks) == (
        second.channels,
        second.encoder_blocks,
        second.decoder_blocks,
    )
    assert (first.detail_channels, second.detail_channels) == (0, 32)


@pytest.mark.parametrize("variety", [0.0, -1.0])
def test_identities_without_variety_are_refused(tmp_path, variety):
    path = tmp_path / "flat.toml"
    path.write_text(f"variety = {variety}")
    with pytest.raises(ConfigError, match=r"flat\.toml: variety is .* must be above 0"):
        load_config("default-256", path)
