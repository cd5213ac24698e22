"""A world in which everything about a face can be read off its pixels, so that every figure can be told in advance.

A photo is 96 px of one colour: red holds the person, green the number of the photo, and blue is 1 where there is a
face. Whoever wants to anonymize it paints it over.
"""

import json
from pathlib import Path

import numpy as np
import PIL.Image
from fakes import face_of, landmarks, shape_model

from ganonymization.errors import LandmarksNotFoundError, NothingMadeError
from ganonymization.evaluation.evaluator import Evaluator, Settings
from ganonymization.evaluation.method import Subject
from ganonymization.evaluation.observe import Networks
from ganonymization.evaluation.readers import open_dataset
from ganonymization.evaluation.recognisers import Portrait
from ganonymization.evaluation.results import to_json
from ganonymization.expression import EMOTION, FACE_EXPRESSION, Expression

SIDE_PX = 96
STEP = 4
"""Of the colours, so that nothing is lost on the way through a file."""

STRANGER = 60
"""The person that painted-over photos show, of whom there is no photo."""


def photo(person, number, *, has_face=True):
    return np.full((SIDE_PX, SIDE_PX, 3), (person * STEP, number * STEP, 255 * has_face), np.uint8)


def person_on(image):
    return round(int(image[SIDE_PX // 2, SIDE_PX // 2, 0]) / STEP)


def number_on(image):
    return round(int(image[SIDE_PX // 2, SIDE_PX // 2, 1]) / STEP)


def write_people(root, counts):
    """Write a folder per person; counts are the numbers of their photos."""
    for person, count in enumerate(counts):
        folder = root / f"person {person:02d}"
        folder.mkdir(parents=True)
        for number in range(count):
            PIL.Image.fromarray(photo(person, number)).save(folder / f"{number}.png")
    return root


def look(image, size, *, seed=0):
    """An embedding: far apart between people, near between photos of one."""
    person = np.random.default_rng([seed, person_on(image)]).standard_normal(size)
    own = np.random.default_rng([seed, person_on(image), number_on(image), 1]).standard_normal(size)
    vector = person + 0.1 * own
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def place(image):
    return landmarks(1000 * person_on(image) + number_on(image), center=(48.0, 48.0), height_px=50.0)


class Detect:
    def __call__(self, image, /):
        return [face_of(place(image))] if int(image[..., 2].max()) > 0 else []


class Landmark:
    def __call__(self, image, _face, /):
        if int(image[..., 2].max()) == 0:
            raise LandmarksNotFoundError("nothing there")
        return place(image)


class Portray:
    def __call__(self, image, _landmarks, /):
        return Portrait(look(image, 1024, seed=1), 20.0 + person_on(image), float(person_on(image) % 2))


class Classify:
    """The expression is that of the number of the photo."""

    def __init__(self, spec):
        self.labels = spec.labels

    def __call__(self, image, _landmarks, /):
        probabilities = np.full(len(self.labels), 0.05)
        probabilities[number_on(image) % len(self.labels)] = 0.7
        return Expression(self.labels, tuple(probabilities.tolist()))


def networks():
    return Networks(
        detect=Detect(),
        sees_face=lambda image, _box: int(image[..., 2].max()) > 0,
        landmark=Landmark(),
        recognise=lambda image, _landmarks: look(image, 128),
        portray=Portray(),
        classify=(Classify(FACE_EXPRESSION), Classify(EMOTION)),
        shape_model=shape_model(),
    )


def evaluate(root, tmp_path, *methods, attacks=(), **options):
    """Evaluate functions of this module, by their names, or methods with names of their own."""
    settings = Settings(
        methods=tuple(f"python:world:{name}" if name in globals() else name for name in methods),
        cache=tmp_path / "cache",
        workers=options.pop("workers", 1),
        attacks=attacks,
        **options,
    )
    return Evaluator(open_dataset(str(root)), settings, networks=networks())()


def figures_of(evaluation, index=0):
    return {name: figure.value for name, figure in evaluation.methods[index].figures.items()}


def as_text(evaluation):
    return json.dumps(to_json(evaluation), allow_nan=False, sort_keys=True)


calls = []
"""Photos that `counted` was asked for."""


def unchanged(image):
    return image


def strangers(_image, identity):
    """Every photo shows a person of whom there is no other, another one each time."""
    return photo(STRANGER, identity % 60)


def painted_over(image):
    return np.zeros_like(image)


def leaky(image):
    """One person of twenty is left as it was."""
    return image if person_on(image) == 3 else photo(STRANGER, number_on(image))


def shuffled(image, identity):
    """The identity of a random person of the set, the expression of the photo."""
    return photo(identity % 20, number_on(image))


def half_made(image):
    return None if number_on(image) else photo(STRANGER, 0)


def never_made(_image):
    raise NothingMadeError("nothing")


def counted(image):
    calls.append(number_on(image))
    return photo(STRANGER, number_on(image))


def stops_at_seventh(image):
    if len(calls) == 7:
        raise KeyboardInterrupt
    return counted(image)


def too_small(image):
    return image[:10]


def one_stranger_each(image):
    """Everybody becomes one and the same stranger on every photo."""
    return photo(30 + person_on(image), number_on(image))


def stranger_by_identity(image, identity):
    """The identity alone decides who is shown; the photo decides the expression."""
    return photo(identity % 60, number_on(image))


def subject_on(image):
    """What a method is told of a photo."""
    return Subject("photo", Path("photo"), "somebody", 7, face_of(place(image)), place(image))
