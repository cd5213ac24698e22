"""Memory does not grow with the number of photos."""

import tracemalloc

import numpy as np
import pytest

from ganonymization.evaluation.columns import Sightings, Store
from ganonymization.evaluation.looks import kernel
from ganonymization.evaluation.privacy import Faces, Fixed, count_naively, judge_naively
from ganonymization.evaluation.recognisers import package_judges
from ganonymization.evaluation.sighting import original_type

JUDGES = package_judges()
ROW_BYTES = original_type(JUDGES).itemsize


def people_on_disk(folder, count):
    store = Store(folder, original_type(JUDGES), count)
    random = np.random.default_rng(0)
    for _ in range(count):
        row = np.zeros((), store.dtype)
        for judge in JUDGES:
            row[judge.name] = random.normal(size=judge.size) / judge.size**0.5
        store.append(row)
    seen = Sightings.all_of(store)
    return Faces(seen, seen, [f"p{index // 3}" for index in range(count)])


def attack_naively(faces):
    for judge in JUDGES:
        judge_naively(faces, judge, Fixed({"far1": 0.5}, "nowhere"))
        count_naively(faces, judge)


def peak_bytes(work, folder, count):
    faces = people_on_disk(folder, count)
    tracemalloc.start()
    try:
        work(faces)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("work", [kernel, attack_naively])
def test_a_photo_more_needs_a_fraction_of_what_was_seen_on_it(work, tmp_path):
    more = peak_bytes(work, tmp_path, 1200) - peak_bytes(work, tmp_path, 600)
    assert more < 600 * ROW_BYTES / 4
