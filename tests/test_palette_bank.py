import numpy as np
import pytest
from fakes import landmarks as face_landmarks

from ganonymization.appearance import Appearance
from ganonymization.errors import WeightsError
from ganonymization.palette import BEARD, BROWS, IRISES, LIPS, LUMA, SKIN, SPREAD
from ganonymization.palette_bank import (
    K_ANONYMITY,
    LIGHT_RANGE,
    TONE_STEP,
    AnyTone,
    MatchSurround,
    NamedTone,
    PaletteBank,
    as_in_photos,
    load_choice,
    of_tone,
    typology_angles_deg,
)
from ganonymization.surround import no_surround
from ganonymization.traits import ReadTraits
from ganonymization.types import Surround, Tone

BANK = PaletteBank.load()
CHOSEN = as_in_photos(BANK)
FACE = face_landmarks(3)
READ = ReadTraits.load()
CHILD, ADULT, OLD = np.eye(3, dtype=np.float32)
UNSURE = np.full(3, 1 / 3, np.float32)
MEDIUM = np.float32([0.2, 0.0, -0.1])


def a_surround(seed=0, *, grey=False):
    """Noise around a square that is cut out."""
    image = np.random.default_rng(seed).integers(0, 255, (64, 64, 3), np.uint8)
    if grey:
        image = np.repeat(image[..., :1], 3, axis=2)
    known = np.ones((64, 64), np.float32)
    known[16:48, 16:48] = 0
    return Surround((image * (known > 0)[..., None]).astype(np.uint8), known, np.ones_like(known))


def reading(skin=MEDIUM, male=0.5, age=UNSURE, beard=0.3, choice=MatchSurround):
    return choice(BANK, lambda *_: Appearance(np.asarray(skin, np.float32), 0.1, male, age, beard))


def entry_of(palette, bank=BANK):
    """The bank's entry whose colours, up to the light, are those of the palette."""
    colors = np.delete(bank.palettes, SPREAD, axis=1).reshape(-1, 5, 3) + 1
    found = np.delete(palette, SPREAD).reshape(5, 3) + 1
    return int(np.abs(colors / colors[:, :1] - found / found[:1]).sum(axis=(1, 2)).argmin())


def test_every_entry_stands_for_k_faces_or_more():
    assert K_ANONYMITY >= 8
    assert BANK.counts.min() >= K_ANONYMITY


def test_in_photos_brows_and_jaws_are_lighter_irises_browner_and_faces_flatter_and_skin_and_traits_stay():
    seen = as_in_photos(BANK)
    for name in ("counts", "male", "age", "beard"):
        np.testing.assert_array_equal(getattr(seen, name), getattr(BANK, name))
    other = [*range(*SKIN.indices(16)), *range(*LIPS.indices(16))]
    np.testing.assert_array_equal(seen.palettes[:, other], BANK.palettes[:, other])
    assert (seen.palettes[:, BROWS] >= BANK.palettes[:, BROWS]).all()
    assert (seen.palettes[:, BEARD] >= BANK.palettes[:, BEARD]).all()
    assert (seen.palettes[:, IRISES][:, 2] <= BANK.palettes[:, IRISES][:, 2]).all()
    assert (seen.palettes[:, SPREAD] < BANK.palettes[:, SPREAD]).all()
    assert np.abs(seen.palettes).max() <= 1


def test_entries_are_colours_and_shares():
    assert np.abs(BANK.palettes).max() <= 1
    assert BANK.palettes[:, SPREAD].min() > 0
    for share in (BANK.male, BANK.beard, BANK.age):
        assert share.min() >= 0
        assert share.max() <= 1
    np.testing.assert_allclose(BANK.age.sum(axis=1), 1, atol=1e-5)


def test_no_entry_has_a_beard_on_a_child_or_a_woman():
    bearded = BANK.beard > 0.5
    assert bearded.any()
    assert (BANK.male[bearded] > 0.5).all()
    assert (BANK.age[bearded].argmax(axis=1) > 0).all()


def test_an_entry_of_too_few_faces_is_refused():
    few = np.full(len(BANK.counts), K_ANONYMITY - 1, np.float32)
    with pytest.raises(WeightsError, match=str(K_ANONYMITY)):
        PaletteBank(BANK.palettes, few, BANK.male, BANK.age, BANK.beard)


def test_a_bank_comes_back_as_it_was_saved(tmp_path):
    BANK.save(tmp_path / "bank.npz")
    again = PaletteBank.load(tmp_path / "bank.npz")
    np.testing.assert_array_equal(again.palettes, BANK.palettes)
    np.testing.assert_array_equal(again.beard, BANK.beard)


def test_a_file_that_is_no_bank_is_named(tmp_path):
    (tmp_path / "bank.npz").write_text("no")
    with pytest.raises(WeightsError, match=r"bank\.npz"):
        PaletteBank.load(tmp_path / "bank.npz")


@pytest.mark.parametrize("choose", [load_choice(Tone.ANY, READ), load_choice(Tone.MATCH, READ), reading()])
def test_same_surround_and_identity_give_the_same_palette(choose):
    first, second = choose(a_surround(), FACE, 5), choose(a_surround(), FACE, 5)
    assert first.tobytes() == second.tobytes()
    assert first.shape == (16,)
    assert first.dtype == np.float32


def test_pixels_under_the_cut_change_nothing():
    choose, clean, dirty = load_choice(Tone.MATCH, READ), a_surround(), a_surround()
    dirty.image[16:48, 16:48] = np.random.default_rng(9).integers(0, 255, (32, 32, 3))
    for identity in range(20):
        assert choose(clean, FACE, identity).tobytes() == choose(dirty, FACE, identity).tobytes()


@pytest.mark.parametrize("choose", [load_choice(Tone.ANY, READ), load_choice(Tone.MATCH, READ)])
def test_a_face_on_its_own_gets_any_palette(choose):
    drawn = {choose(no_surround(64), FACE, identity).tobytes() for identity in range(400)}
    assert len(drawn) > len(BANK.counts) / 2
    assert drawn <= {palette.tobytes() for palette in CHOSEN.palettes}


def test_identities_differ_within_one_surround():
    choose = load_choice(Tone.MATCH, READ)
    assert len({choose(a_surround(), FACE, identity).tobytes() for identity in range(100)}) >= 8


@pytest.mark.parametrize("tone", list(Tone))
def test_a_grey_picture_gets_a_grey_palette(tone):
    choose = load_choice(tone, READ)
    for identity in range(20):
        colors = np.delete(choose(a_surround(grey=True), FACE, identity), SPREAD).reshape(5, 3)
        assert np.ptp(colors, axis=1).max() < 1e-5


@pytest.mark.parametrize("skin", [(0.5, 0.2, 0.1), (-0.4, -0.6, -0.7), (0.1, -0.1, -0.2)])
def test_skin_comes_out_in_the_tone_read_on_a_coarse_grid(skin):
    palettes = np.stack([reading(skin)(a_surround(), FACE, identity) for identity in range(30)])
    wanted = np.array(skin) + 1
    steps = (palettes[:, SKIN] + 1) @ LUMA / TONE_STEP
    np.testing.assert_allclose(steps, np.round(wanted @ LUMA / TONE_STEP), atol=1e-4)
    assert np.abs(palettes[:, SKIN] + 1 - wanted).mean() < 20 / 127.5


def test_any_tone_is_drawn_whatever_the_surround_says():
    choices = [reading(np.full(3, skin), choice=AnyTone) for skin in (-0.6, 0.6)]
    dark, light = (np.stack([choose(a_surround(), FACE, identity) for identity in range(200)]) for choose in choices)
    np.testing.assert_array_equal(dark, light)
    tones = (dark[:, SKIN] + 1) @ LUMA
    assert np.ptp(tones) > 0.8 * np.ptp((BANK.palettes[:, SKIN] + 1) @ LUMA)


def test_differences_finer_than_the_grid_change_nothing():
    one, two = (reading(np.array([1.36, 1.0, 0.72]) * brightness * TONE_STEP / 1.076 - 1) for brightness in (4.7, 5.3))
    for identity in range(20):
        assert one(a_surround(), FACE, identity).tobytes() == two(a_surround(), FACE, identity).tobytes()


@pytest.mark.parametrize(
    ("traits", "allowed"),
    [
        ({"male": 0.05, "beard": 0.02}, (BANK.male < 0.5) & (BANK.beard < 0.5)),
        ({"male": 0.95, "beard": 0.95}, (BANK.male > 0.5) & (BANK.beard > 0.5)),
        ({"male": 0.95, "beard": 0.05}, (BANK.male > 0.5) & (BANK.beard < 0.5)),
        ({"age": CHILD, "beard": 0.02}, BANK.age[:, 0] > 0.5),
        ({"male": 0.5, "beard": 0.2}, BANK.beard < 0.5),
        ({"age": OLD}, BANK.age[:, 2] > 0.5),
        ({"age": ADULT}, BANK.age[:, 1] > 0.5),
    ],
)
@pytest.mark.parametrize("choice", [MatchSurround, AnyTone])
def test_entries_agree_where_the_reader_is_sure(traits, allowed, choice):
    drawn = {entry_of(reading(choice=choice, **traits)(a_surround(), FACE, identity)) for identity in range(60)}
    assert len(drawn) > 3
    assert drawn <= set(np.flatnonzero(allowed))


def test_an_unsure_reader_leaves_sex_to_the_identity():
    drawn = [entry_of(reading()(a_surround(), FACE, identity)) for identity in range(60)]
    assert 5 < (BANK.male[drawn] > 0.5).sum() < 55


def test_skin_is_the_lighter_the_larger_its_typology_angle():
    # known skin: light (41 to 55 degrees and more), tan, dark (below -30)
    skin = np.float32([[233, 203, 185], [190, 140, 105], [70, 45, 35]]) / 127.5 - 1
    light, tan, dark = typology_angles_deg(skin)
    assert light > 41
    assert 0 < tan < 28
    assert dark < -30


@pytest.mark.parametrize("tone", [Tone.LIGHT, Tone.MEDIUM, Tone.DARK])
def test_a_tone_that_is_named_is_drawn_whatever_the_surround_says(tone):
    choose = load_choice(tone, READ)
    offered = {entry_of(palette, CHOSEN) for palette in of_tone(CHOSEN, tone).palettes}
    drawn = [choose(a_surround(seed), FACE, seed) for seed in range(12)] + [choose(no_surround(64), FACE, 3)]
    assert {entry_of(palette, CHOSEN) for palette in drawn} <= offered
    assert len({palette.tobytes() for palette in drawn}) > 3


def test_a_named_tone_is_drawn_in_the_light_that_the_surround_suggests():
    def drawn(skin):
        return reading(np.float32(skin), choice=lambda bank, read: NamedTone(bank, read, Tone.DARK))

    surround, brightness = a_surround(), []
    for level in (-0.9, -0.2, 0.4, 0.9):
        palette = drawn([level] * 3)(surround, FACE, 4)
        brightness.append(float((palette[SKIN] + 1) @ LUMA))
        assert entry_of(palette) == entry_of(drawn([0.0] * 3)(surround, FACE, 4))
    assert brightness == sorted(brightness)
    low, high = LIGHT_RANGE
    assert brightness[-1] / brightness[0] == pytest.approx(high / low, rel=1e-3)


def test_named_tones_are_apart_and_every_sex_and_age_comes_in_each():
    parts = [of_tone(BANK, tone) for tone in (Tone.DARK, Tone.MEDIUM, Tone.LIGHT)]
    brightness = [((part.palettes[:, SKIN] + 1) @ LUMA).mean() for part in parts]
    assert brightness[0] < 0.8 * brightness[1] < 0.7 * brightness[2]
    for part in parts:
        assert ((part.male > 0.5).sum(), (part.male < 0.5).sum()) >= (8, 8)
    assert len(of_tone(BANK, Tone.ANY).palettes) == len(of_tone(BANK, Tone.MATCH).palettes) == len(BANK.palettes)
