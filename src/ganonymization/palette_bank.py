"""A bank of average palettes, and the choice of one entry for an invented person.

What a choice may carry over from the picture is bounded: the face is cut out of the surround beforehand; the skin
colour read from the surround is rounded to steps of brightness (`TONE_STEP`, eleven from black to white) and of hue
(`HUE_STEP`), and only the rounded brightness sets the light that an entry's colours are scaled to; sex, age band and
beard count only as possible or unlikely; and a picture is grey or not. Everything else comes from the identity.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from ganonymization import weights
from ganonymization.appearance import Appearance
from ganonymization.errors import WeightsError
from ganonymization.palette import BEARD, BROWS, IRISES, LUMA, SKIN, SPREAD, PaletteVector, grey_palette, scale_palette
from ganonymization.stages import ChoosePalette
from ganonymization.surround import is_grey
from ganonymization.types import Landmarks, Surround, Tone

Array: TypeAlias = npt.NDArray[np.float32]
ReadAppearance: TypeAlias = Callable[[Surround, Landmarks], Appearance]

K_ANONYMITY: Final = 8
"""Fewest faces that an entry of the bank is the mean of."""

TONE_STEP: Final = 24 / 127.5
"""Grid to which the brightness of the predicted skin is rounded: 24 of 255 levels."""

HUE_STEP: Final = 0.08
"""Grid to which the ratios of red and blue to brightness are rounded; skin lies in 1 to 1.6 and 0.4 to 1."""

TONE_REACH: Final = 12 / 127.5
"""Entries whose tone is this near to the predicted one may be drawn: 12 of 255 levels, averaged over the channels."""

LIGHT_WEIGHT: Final = 0.25
"""Share of a difference in brightness that counts as one in tone; scaling makes up for it, as for light."""

FEWEST_CHOICES: Final = 12
"""Where fewer entries are near enough, the nearest ones are drawn from, so that identities keep differing."""

UNLIKELY: Final = 0.15
"""A trait whose probability is below this is not drawn."""

BEARDED_FROM: Final = 0.25
"""A beard is drawn from this probability on, above its share of 0.17 among training faces: a wrong one looks worst."""

LEAST_KNOWN: Final = 0.02
"""Share of the surround that must be known before it counts; below it the choice is free."""

TONE_ANGLES_DEG: Final = {Tone.LIGHT: (28.0, 90.0), Tone.MEDIUM: (-10.0, 28.0), Tone.DARK: (-65.0, -25.0)}
"""Typology angles of the entries for a tone that is asked for by name. The usual borders between light, intermediate,
tan, brown and dark are 41, 28, 10 and -30; here many faces lie in the shade, and those darker than dark all do."""

_LEAST_YELLOW: Final = 1.0

LIGHT_RANGE: Final = (0.7, 1.5)
"""How far the colours of a named tone may be scaled towards the picture's light."""

GAIN_RANGE: Final = (0.4, 2.0)
"""How far an entry's colours may be scaled towards the picture's light."""

SPREAD_IN_PHOTOS: Final = np.float32(0.8)
COLOURS_IN_PHOTOS: Final = (
    (BROWS, np.array([1.15, 1.13, 1.06], np.float32)),
    (IRISES, np.array([1.04, 0.87, 0.73], np.float32)),
    (BEARD, np.array([1.1, 1.1, 1.1], np.float32)),
)
"""The faces that the bank was averaged over are lit harder and have darker brows and jaws and bluer eyes than people in
photos. Factors on the spread of the skin, and on red, green and blue of the other colours beside the skin, from up to
240 photos of LFW's split `fit`; there the spread is 0.72 of the bank's, but what is drawn with that much is flat. Jaws
are 1.03 (men) and 1.09 times as bright as the bank's, and those of men are drawn darker than asked."""


@dataclass(frozen=True, slots=True, eq=False)
class PaletteBank:
    """M average palettes with the traits of the faces that each was averaged over.

    Attributes:
        palettes: (M, 16) float32, see `palette.PALETTE_FIELDS`.
        counts: (M,) faces behind each entry, at least `K_ANONYMITY`.
        male: (M,) share of these faces that are taken for men.
        age: (M, 3) shares of `appearance.AGE_BANDS`.
        beard: (M,) share with a beard.
    """

    palettes: Array
    counts: Array
    male: Array
    age: Array
    beard: Array

    def __post_init__(self) -> None:
        """Refuse a bank that is not k-anonymous.

        Raises:
            WeightsError: an entry stands for too few faces.
        """
        if len(self.counts) == 0 or self.counts.min() < K_ANONYMITY:
            raise WeightsError(f"every entry of a palette bank must stand for {K_ANONYMITY} faces or more; rebuild it")

    @classmethod
    def load(cls, path: Path | None = None) -> PaletteBank:
        """Read a bank; the one of the package when no path is given.

        Raises:
            WeightsError: the file is missing, is no palette bank, or is not k-anonymous.
        """
        arrays = weights.read_arrays(path or weights.locate("palette_bank"), cls.__slots__, what="palette bank")
        return cls(**{name: values.astype(np.float32) for name, values in arrays.items()})

    def pick(self, which: npt.NDArray[np.bool_]) -> PaletteBank:
        """Return the entries that an (M,) mask names."""
        return PaletteBank(**{name: getattr(self, name)[which] for name in self.__slots__})

    def save(self, path: Path) -> None:
        """Write the bank as a compressed array file."""
        np.savez_compressed(path, allow_pickle=False, **{name: getattr(self, name) for name in self.__slots__})


class AnyTone:
    """Draw by identity among the entries whose sex, age and beard fit the face; fits `stages.ChoosePalette`.

    The surround has no say in the tone, nor in how light it is; a grey picture gets a grey palette all the same.

    Args:
        bank: the entries.
        read: tells the appearance that a surround and landmarks suggest.
    """

    def __init__(self, bank: PaletteBank, read: ReadAppearance) -> None:
        self._bank = bank
        self._read = read

    def __call__(self, surround: Surround, landmarks: Landmarks, identity: int, /) -> PaletteVector:
        """Return the (16,) palette of an identity in a surround."""
        if _tells_nothing(surround):
            return _free(self._bank, identity)
        return _agreeing(self._bank, self._read(surround, landmarks), surround, identity)


class MatchSurround:
    """Draw by identity among the entries that fit the surround; fits `stages.ChoosePalette`.

    Where nothing of the surround is known, every entry fits. Otherwise the colours of the entry are scaled so that its
    skin is as bright as the surround suggests, and a grey picture gets a grey palette.

    Args:
        bank: the entries.
        read: tells the appearance that a surround and landmarks suggest.
    """

    def __init__(self, bank: PaletteBank, read: ReadAppearance) -> None:
        self._bank = bank
        self._read = read

    def __call__(self, surround: Surround, landmarks: Landmarks, identity: int, /) -> PaletteVector:
        """Return the (16,) palette of an identity in a surround."""
        if _tells_nothing(surround):
            return _free(self._bank, identity)
        appearance = self._read(surround, landmarks)
        tone = coarse_tone(appearance.skin)
        palettes = self._bank.palettes
        if is_grey(surround):
            palettes = np.stack([grey_palette(palette) for palette in palettes])
            tone = np.full(3, _brightness(tone))
        choices = fitting_entries(self._bank, palettes, appearance, tone)
        chosen = choices[_draw(len(choices), identity)]
        return scale_palette(palettes[chosen], np.full(3, _gains(palettes, tone)[chosen]))


class NamedTone:
    """Draw by identity among the entries of a tone, in the light of the surround; fits `stages.ChoosePalette`.

    Dark skin in bright light is brighter than light skin in the shade. How much brighter than usual the reader takes
    the face for is put down to the light, as the tone is known.

    Args:
        bank: the entries.
        read: tells the appearance that a surround and landmarks suggest.
        tone: which of them are drawn.
    """

    def __init__(self, bank: PaletteBank, read: ReadAppearance, tone: Tone) -> None:
        self._bank = of_tone(bank, tone)
        self._read = read
        self._usual = float(np.average(_brightness(bank.palettes[:, SKIN] + 1), weights=bank.counts))

    def __call__(self, surround: Surround, landmarks: Landmarks, identity: int, /) -> PaletteVector:
        """Return the (16,) palette of an identity in a surround."""
        if _tells_nothing(surround):
            return _free(self._bank, identity)
        appearance = self._read(surround, landmarks)
        palette = _agreeing(self._bank, appearance, surround, identity)
        seen = float(_brightness(coarse_tone(appearance.skin)))
        return scale_palette(palette, np.full(3, np.clip(seen / self._usual, *LIGHT_RANGE)))


def load_choice(tone: Tone, read: ReadAppearance) -> ChoosePalette:
    """Return a choice with the bank of the package, in the colours of photos."""
    bank = as_in_photos(PaletteBank.load())
    if tone is Tone.MATCH:
        return MatchSurround(bank, read)
    return AnyTone(bank, read) if tone is Tone.ANY else NamedTone(bank, read, tone)


def as_in_photos(bank: PaletteBank) -> PaletteBank:
    """Return a bank whose entries have the spread, brows, irises and jaws that photos show beside their skin."""
    palettes = bank.palettes.copy()
    palettes[:, SPREAD] *= SPREAD_IN_PHOTOS
    for field, factors in COLOURS_IN_PHOTOS:
        palettes[:, field] = np.clip((palettes[:, field] + 1) * factors - 1, -1, 1)
    return dataclasses.replace(bank, palettes=palettes)


def of_tone(bank: PaletteBank, tone: Tone) -> PaletteBank:
    """Return the entries of a bank that are of a tone; all for one that is not asked for by name."""
    low, high = TONE_ANGLES_DEG.get(tone, (-90.0, 90.0))
    angles = typology_angles_deg(bank.palettes[:, SKIN])
    return bank.pick((angles >= low) & (angles <= high))


def typology_angles_deg(skin: Array) -> Array:
    """Return the (M,) individual typology angles of (M, 3) skin colours in -1..1.

    90 degrees is the lightest, -90 the darkest (Chardon et al., "Skin colour typology and suntanning pathways", 1991).
    """
    shares = (skin[None].astype(np.float32) + 1) / 2
    lightness, _, yellow = np.moveaxis(np.asarray(cv2.cvtColor(shares, cv2.COLOR_RGB2LAB), np.float32)[0], -1, 0)
    return np.asarray(np.degrees(np.arctan2(lightness - 50, np.maximum(yellow, _LEAST_YELLOW))), np.float32)


def fitting_entries(
    bank: PaletteBank, palettes: Array, appearance: Appearance, tone: npt.NDArray[np.floating]
) -> npt.NDArray[np.intp]:
    """Return the entries that may be drawn, nearest tone first.

    Args:
        bank: tells the traits of each entry.
        palettes: (M, 16), the bank's or the same in grey.
        appearance: what surround and landmarks suggest.
        tone: (3,) skin colour to be near to, 0..2.
    """
    agreeing = np.flatnonzero(_agrees(bank, appearance))
    skin = palettes[agreeing][:, SKIN] + 1
    gains = _gains(palettes[agreeing], tone)[:, None]
    far = np.abs(skin * gains - tone).mean(axis=1) + LIGHT_WEIGHT * np.abs(_brightness(skin) - _brightness(tone))
    order = np.argsort(far, kind="stable")
    count = max(FEWEST_CHOICES, int((far <= TONE_REACH).sum()))
    return agreeing[order[:count]]


def coarse_tone(skin: Array) -> npt.NDArray[np.float64]:
    """Return a (3,) skin colour, given in -1..1, on the coarse grid, in 0..2."""
    color = np.clip(skin.astype(np.float64), -1, 1) + 1
    brightness = max(float(_brightness(color)), TONE_STEP)
    red, blue = np.round(color[[0, 2]] / brightness / HUE_STEP) * HUE_STEP
    green = (1 - LUMA[0] * red - LUMA[2] * blue) / LUMA[1]
    return np.asarray(np.round(brightness / TONE_STEP) * TONE_STEP * np.array([red, green, blue]))


def _tells_nothing(surround: Surround) -> bool:
    return bool((surround.known > 0).mean() < LEAST_KNOWN)


def _agrees(bank: PaletteBank, appearance: Appearance) -> npt.NDArray[np.bool_]:
    """Return (M,) whether no trait of an entry is unlikely; an entry has the traits that most of its faces have."""
    man, bearded = bank.male > 0.5, bank.beard > 0.5
    sex = np.where(man, appearance.male, 1 - appearance.male) >= UNLIKELY
    beard = np.where(bearded, appearance.beard >= BEARDED_FROM, 1 - appearance.beard >= UNLIKELY)
    age = appearance.age[bank.age.argmax(axis=1)] >= UNLIKELY
    narrowest_first = (sex & age & beard, sex & age, sex, np.ones(len(man), bool))
    return next(agreeing for agreeing in narrowest_first if agreeing.any())


def _gains(palettes: Array, tone: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return (M,) factors that make the skin of palettes as bright as a tone."""
    return np.clip(_brightness(tone) / np.maximum(_brightness(palettes[:, SKIN] + 1), TONE_STEP), *GAIN_RANGE)


def _brightness(colors: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    return np.asarray(colors @ LUMA.astype(np.float64))


def _agreeing(bank: PaletteBank, appearance: Appearance, surround: Surround, identity: int) -> PaletteVector:
    """Return the entry that an identity draws among those whose sex, age and beard fit."""
    choices = np.flatnonzero(_agrees(bank, appearance))
    palette = bank.palettes[choices[_draw(len(choices), identity)]]
    return grey_palette(palette) if is_grey(surround) else palette.copy()


def _free(bank: PaletteBank, identity: int) -> PaletteVector:
    palette: PaletteVector = bank.palettes[_draw(len(bank.palettes), identity)].copy()
    return palette


def _draw(count: int, identity: int) -> int:
    return int(np.random.default_rng([identity, 3]).integers(count))
