import pytest

from ganonymization.training.divergence import DivergedError, DivergenceWatch


def feed(watch, loss, *, samples):
    for seen in range(100, samples + 1, 100):
        watch.see_losses({"discriminator": loss}, samples=seen, trained=100)


def test_a_discriminator_that_has_won_for_long_ends_the_run():
    watch = DivergenceWatch(grace_samples=2_000)
    feed(watch, 0.001, samples=2_000)
    with pytest.raises(DivergedError, match="after 2100 samples the discriminator knows every generated face"):
        watch.see_losses({"discriminator": 0.001}, samples=2_100, trained=100)


def test_a_discriminator_that_wins_for_a_moment_ends_nothing():
    watch = DivergenceWatch(grace_samples=2_000)
    feed(watch, 0.8, samples=20_000)
    feed(watch, 0.0, samples=1_000)
    feed(watch, 0.8, samples=20_000)


@pytest.mark.parametrize(
    ("spreads", "ends"), [([0.01, 0.01], True), ([0.01, 0.5, 0.01], False), ([float("nan")] * 2, True)]
)
def test_faces_that_look_alike_twice_in_a_row_end_the_run(spreads, ends):
    watch = DivergenceWatch(grace_samples=500)
    feed(watch, 0.8, samples=1_000)
    for spread in spreads[:-1]:
        watch.see_faces(spread, samples=1_000)
    if ends:
        with pytest.raises(DivergedError, match="all generated faces look alike"):
            watch.see_faces(spreads[-1], samples=1_000)
    else:
        watch.see_faces(spreads[-1], samples=1_000)


def test_at_the_begin_anything_is_allowed():
    watch = DivergenceWatch()
    for _ in range(4):
        watch.see_faces(0.0, samples=0)
    watch.see_losses({"discriminator": 0.0}, samples=100, trained=100)
