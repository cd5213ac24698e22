"""From file to file: sound as it was, times as they were, and nothing half-done under the name of a whole."""

from fractions import Fraction

import film
import making
import numpy as np
import pytest
from film import Actor

from ganonymization.errors import InputError, OutputError
from ganonymization.video import open_clip, read_frames
from ganonymization.video.job import ClipInterrupted, JobOptions, anonymize_clip, partial_name


@pytest.fixture
def clip(tmp_path, monkeypatch):
    """Make a clip of a walking square, with sound."""
    monkeypatch.setattr(making, "draw", draw)

    def make(name="a.mp4", **options):
        return making.make(tmp_path / name, **{"size_wh": film.SIZE_WH, "options": {"crf": "4", "g": "10"}} | options)

    return make


def draw(number, size_wh=film.SIZE_WH):
    image = film.picture([Actor(60 + 3 * number)])
    return np.ascontiguousarray(np.pad(image, ((0, 64), (0, 64), (0, 0)), mode="edge")[: size_wh[1], : size_wh[0]])


def empty(path):
    path.write_bytes(b"")
    return path


def run(source, target, *, on_progress=lambda _: None, **options):
    return anonymize_clip(
        source, target, lambda _: film.anonymizer(), options=JobOptions(**options), on_progress=on_progress
    )


def times(path):
    return [frame.time for frame in read_frames(open_clip(path))]


def test_faces_are_gone_and_sound_and_times_are_as_they_were(clip, tmp_path):
    source, target = clip(), tmp_path / "b.mp4"

    report = run(source, target)

    assert making.packets(target, "audio") == making.packets(source, "audio")
    assert times(target) == times(source)
    assert (report.frames, report.corrupt_frames, len(report.tracks)) == (50, 0, 1)
    for number, frame in enumerate(read_frames(open_clip(target))):
        actor = Actor(60 + 3 * number)
        middle = frame.image[round(actor.y), round(actor.x)].astype(int)
        assert np.abs(middle - (220, 40, 0)).max() > 25


def test_start_and_end_choose_frames(clip, tmp_path):
    source, target = clip(), tmp_path / "b.mp4"

    report = run(source, target, start=Fraction(1, 2), end=Fraction(3, 2))

    assert report.frames == len(times(target)) == 25
    assert times(target)[0] == Fraction(13, 25) - Fraction(1, 2)


@pytest.mark.parametrize("size_wh", [(359, 287), (321, 241)])
def test_odd_sizes_are_kept(clip, tmp_path, size_wh):
    target = tmp_path / "b.mp4"

    run(clip(size_wh=size_wh, pixel_format="yuv444p", options={"crf": "10"}), target)

    assert open_clip(target).size_wh == size_wh


def test_sound_that_is_longer_than_the_pictures_is_kept(clip, tmp_path):
    source, target = clip(sound_s=4.0), tmp_path / "b.mp4"

    run(source, target)

    assert making.packets(target, "audio") == making.packets(source, "audio")


def test_faces_stay_covered_when_the_pictures_change_their_size_midway(clip, tmp_path, monkeypatch):
    def wide(number, size_wh):
        twice = np.repeat(np.repeat(draw(number, (320, size_wh[1] // 2)), 2, axis=0), 2, axis=1)
        return np.ascontiguousarray(twice[:, : size_wh[0]])

    options = {"codec": "mpeg2video", "sound": None, "stamps": range(25), "options": {"qmin": "1", "qmax": "2"}}
    first = clip("a.mpg", **options)
    monkeypatch.setattr(making, "draw", wide)
    second = clip("b.mpg", **options, size_wh=(640, 400))
    source, target = tmp_path / "c.mpg", tmp_path / "c.mp4"
    source.write_bytes(first.read_bytes() + second.read_bytes())

    report = run(source, target)

    before, after = (list(read_frames(open_clip(path))) for path in (source, target))
    assert report.frames == len(before) == len(after) >= 49
    assert {frame.image.shape for frame in after} == {(240, 320, 3)}
    assert not after[-1].image[:15].max() > 30, "the bars above the wider pictures stay"
    seen = [film.Detector()(frame.image) for frame in before]
    assert all(len(faces) == 1 for faces in seen)
    for old, new, (face,) in zip(before, after, seen, strict=True):
        assert film.uncovered(old.image, new.image, Actor(*face.box.center)) < 0.02


def test_damaged_packets_give_covered_frames_that_are_counted(clip, tmp_path):
    source = making.damage(clip(), tmp_path / "damaged.mkv", {15, 16})

    report = run(source, tmp_path / "b.mkv")

    assert report.corrupt_frames >= 1
    assert report.covered_frames == report.corrupt_frames
    assert report.frames == 50


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: making.cut(path, 0.7), "cut short"),
        (empty, "is empty"),
        (lambda path: path.write_bytes(b"no film at all") and path, "is no video"),
        (lambda path: path.with_name("missing.mp4"), "cannot be opened"),
    ],
)
def test_a_bad_source_is_named_and_leaves_nothing(clip, tmp_path, spoil, message):
    source = spoil(clip())

    with pytest.raises(InputError, match=message):
        run(source, tmp_path / "out" / "b.mp4")

    assert not list(tmp_path.glob("out/*"))


def test_a_file_without_pictures_is_named(tmp_path):
    import av

    path = tmp_path / "sound.mp4"
    with av.open(path, "w") as output:
        making.hum(output, output.add_stream("aac", rate=making.SOUND_HZ, layout="mono"), 1.0)

    with pytest.raises(InputError, match="has no video stream"):
        run(path, tmp_path / "b.mp4")


def test_no_frame_in_the_chosen_part_is_an_error(clip, tmp_path):
    with pytest.raises(OutputError, match="there was no frame"):
        run(clip(), tmp_path / "b.mp4", start=Fraction(60))

    assert not (tmp_path / "b.mp4").exists()


def test_a_fault_of_the_anonymizer_leaves_no_file(clip, tmp_path):
    class Broken(film.Mesh):
        def follow(self, _image, _before, /):
            raise RuntimeError("the network broke")

    with pytest.raises(RuntimeError, match="the network broke"):
        anonymize_clip(clip(), tmp_path / "b.mp4", lambda _: film.anonymizer(mesh=Broken()))

    assert {path.name for path in tmp_path.iterdir()} == {"a.mp4"}


def test_a_full_disk_is_named_and_leaves_no_file(clip, small_disk):
    with pytest.raises(OutputError, match="free some space"):
        run(clip(stamps=range(80), sound_s=3.0), small_disk / "b.mp4", crf=0)

    assert list(small_disk.iterdir()) == []


def interrupt_at(frame):
    def on_progress(progress):
        if progress.frames == frame:
            raise KeyboardInterrupt

    return on_progress


def interrupted(source, target, frame=33):
    with pytest.raises(ClipInterrupted) as caught:
        run(source, target, on_progress=interrupt_at(frame), crf=10)
    return caught.value.partial


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_ctrl_c_leaves_a_whole_file_under_another_name(clip, tmp_path, suffix):
    source, target = clip(), tmp_path / f"b{suffix}"

    partial = interrupted(source, target)

    assert partial == partial_name(target) == tmp_path / f"b.partial{suffix}"
    assert len(times(partial)) == 33
    assert {path.name for path in tmp_path.iterdir()} == {"a.mp4", partial.name}


def test_ctrl_c_before_the_first_frame_leaves_nothing(clip, tmp_path, monkeypatch):
    def stop(*_arguments, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr("ganonymization.video.job.in_order", stop)
    with pytest.raises(ClipInterrupted, match="nothing is left"):
        run(clip(), tmp_path / "b.mp4")

    assert {path.name for path in tmp_path.iterdir()} == {"a.mp4"}


@pytest.fixture
def short_groups(monkeypatch):
    """Let encoders begin a group every ten frames, so that tests need no long clips."""
    from ganonymization.video import write

    original = write.encoder_options
    monkeypatch.setattr(write, "encoder_options", lambda *words: original(*words) | {"g": "10"})


@pytest.mark.usefixtures("short_groups")
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_job_goes_on_from_the_last_keyframe(clip, tmp_path, suffix):
    source, target = clip(), tmp_path / f"b{suffix}"
    partial = interrupted(source, target)
    before = making.packets(partial, "video")

    report = run(source, target, resume=True, crf=10)

    kept = report.resumed_frames
    assert report.frames == 50
    assert 20 <= kept < 33
    assert len(times(target)) == 50
    late_by = times(target)[0]  # Matroska moves everything so that sound, which begins before 0, begins at 0
    gaps = [abs(after - late_by - before) for after, before in zip(times(target), times(source), strict=True)]
    assert max(gaps) <= Fraction(1, 1000)
    assert [data[-200:] for data, _ in making.packets(target, "video")[:kept]] == [
        data[-200:] for data, _ in before[:kept]
    ]
    assert making.packets(target, "audio") == making.packets(source, "audio") or suffix == ".mkv"
    assert not partial.exists()


@pytest.mark.usefixtures("short_groups")
def test_a_partial_file_of_other_options_is_refused(clip, tmp_path):
    source, target = clip(), tmp_path / "b.mp4"
    interrupted(source, target)
    other = clip("other.mp4", size_wh=(160, 120), options={"crf": "10"})
    partial_name(target).rename(tmp_path / "kept.mp4")
    interrupted(other, target)

    with pytest.raises(OutputError, match="cannot go on"):
        run(source, target, resume=True, crf=10)


def test_resuming_without_a_partial_file_begins_anew(clip, tmp_path):
    report = run(clip(), tmp_path / "b.mp4", resume=True)

    assert (report.frames, report.resumed_frames) == (50, 0)


def test_progress_tells_frames_and_film(clip, tmp_path):
    seen = []

    run(clip(), tmp_path / "b.mp4", on_progress=seen.append)

    assert [progress.frames for progress in seen] == list(range(1, 51))
    assert seen[-1].frame_count == 50
    assert seen[-1].film_s == pytest.approx(49 / 25)
    assert seen[-1].tracks == 1
