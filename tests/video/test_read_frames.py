"""Frames: upright, all of them, at their times, damaged ones said to be so."""

import itertools
from fractions import Fraction

import numpy as np
import PIL.Image
import pytest
from making import cut, damage, draw, make, psnr

from ganonymization.errors import InputError
from ganonymization.video import Turn, open_clip, read_frames

NTSC = Fraction(30000, 1001)
TURNS = [Turn(*flags) for flags in itertools.product([False, True], repeat=3)]


def read(path, **options):
    return list(read_frames(open_clip(path), **options))


def test_every_frame_comes_once_in_order_at_its_exact_time(tmp_path):
    frames = read(make(tmp_path / "a.mp4", fps=NTSC))

    assert [frame.time for frame in frames] == [number / NTSC for number in range(50)]
    assert {frame.duration * frame.time_base for frame in frames} == {1 / NTSC}
    assert all(psnr(frame.image, draw(number)) > 30 for number, frame in enumerate(frames))
    assert not any(frame.corrupt for frame in frames)


def test_variable_times_and_a_late_start_are_kept(tmp_path):
    stamps = [700, 733, 800, 1900, 1901, 2500]
    frames = read(make(tmp_path / "a.mp4", stamps=stamps, time_base=Fraction(1, 1000), sound=None))

    assert [frame.time for frame in frames] == [Fraction(stamp, 1000) for stamp in stamps]
    assert [frame.duration * frame.time_base for frame in frames[:-1]] == [
        Fraction(ticks, 1000) for ticks in np.diff(stamps).tolist()
    ]


@pytest.mark.parametrize("degrees", [90, 180, -90])
@pytest.mark.parametrize("is_mirrored", [False, True])
def test_frames_are_upright(tmp_path, degrees, is_mirrored):
    path = make(
        tmp_path / "a.mp4",
        sound=None,
        stamps=range(2),
        tune=lambda stream: stream.set_display_rotation(degrees, hflip=is_mirrored),
    )

    image = read(path)[0].image

    # FFmpeg turns counterclockwise by positive degrees, as `rot90` does, and mirrors what was turned
    upright = np.rot90(draw(0), degrees // 90)
    assert psnr(image, upright[:, ::-1] if is_mirrored else upright) > 30


@pytest.mark.parametrize("turn", TURNS)
def test_undoing_a_turn_gives_the_picture_back(turn):
    image = draw(7)

    np.testing.assert_array_equal(turn.undo(turn.apply(image)), image)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mkv", {}),
        ("a.mov", {}),
        ("a.avi", {"codec": "mpeg4", "sound": "mp2"}),
        ("a.mpg", {"codec": "mpeg2video", "sound": "mp2"}),
        ("a.webm", {"codec": "libvpx", "sound": None, "options": {"auto-alt-ref": "1", "lag-in-frames": "9"}}),
        ("a.gif", {"codec": "gif", "sound": None, "pixel_format": "rgb8"}),
        ("odd.mp4", {"size_wh": (59, 47), "pixel_format": "yuv444p"}),
        ("full.mp4", {"tune": lambda stream: setattr(stream.codec_context, "color_range", 2)}),
        ("bt709.mp4", {"tune": lambda stream: setattr(stream.codec_context, "colorspace", 1)}),
    ],
)
def test_containers_and_codecs(tmp_path, name, options):
    frames = read(make(tmp_path / name, stamps=range(20), sound_s=0.8, **{"options": {}} | options))

    assert len(frames) == 20
    steps = {b.time - a.time for a, b in itertools.pairwise(frames)}
    assert steps == {Fraction(1, 25)}
    assert not any(frame.corrupt for frame in frames)


@pytest.mark.parametrize("suffix", [".webp", ".gif"])
def test_animations_keep_the_time_of_each_picture(tmp_path, suffix):
    durations_ms = [40, 100, 250, 1000]
    first, *others = [PIL.Image.fromarray(draw(9 * number)) for number in range(4)]
    first.save(tmp_path / f"a{suffix}", save_all=True, append_images=others, duration=durations_ms)

    clip = open_clip(tmp_path / f"a{suffix}")
    frames = list(read_frames(clip))

    assert [frame.duration * frame.time_base * 1000 for frame in frames] == durations_ms
    assert [frame.time * 1000 for frame in frames] == [0, 40, 140, 390]
    assert clip.frame_count == 4
    assert psnr(frames[3].image, draw(27)) > 20


def test_transparency_lies_on_white(tmp_path):
    pictures = [PIL.Image.new("RGBA", (64, 48), (200, 0, 0, alpha)) for alpha in (0, 128)]
    pictures[0].save(tmp_path / "a.webp", save_all=True, append_images=pictures[1:], duration=40, lossless=True)

    frames = read(tmp_path / "a.webp")

    np.testing.assert_array_equal(frames[0].image[5, 5], [255, 255, 255])
    np.testing.assert_allclose(frames[1].image[5, 5], [227, 127, 127], atol=2)


@pytest.mark.parametrize("suffix", [".mp4", ".mpg", ".avi"])
def test_a_part_holds_the_frames_from_start_up_to_end(tmp_path, suffix):
    codecs = {"codec": "libx264"} if suffix == ".mp4" else {"codec": "mpeg4" if suffix == ".avi" else "mpeg2video"}
    path = make(
        tmp_path / f"a{suffix}", **codecs, options={}, sound=None, tune=lambda stream: setattr(stream, "gop_size", 5)
    )
    whole = read(path)
    start, end = whole[41].time, whole[47].time

    part = read(path, start=start, end=end)

    assert [frame.time for frame in part] == [frame.time for frame in whole[41:47]]
    for frame, other in zip(part, whole[41:47], strict=True):
        np.testing.assert_array_equal(frame.image, other.image)


def test_damaged_packets_give_frames_that_say_so_and_none_is_missing(tmp_path):
    whole = make(tmp_path / "a.mp4", sound=None)

    frames = read(damage(whole, tmp_path / "b.mp4", {9, 20}))

    assert [frame.time for frame in frames] == [Fraction(number, 25) for number in range(50)]
    assert 2 <= sum(frame.corrupt for frame in frames) < 10


def test_what_could_not_be_decoded_is_black(tmp_path):
    frames = read(damage(make(tmp_path / "a.mp4", sound=None), tmp_path / "b.mp4", {9, 20}))

    lost = [frame for frame in frames if frame.decoded is None]
    assert lost
    assert all(frame.corrupt and not frame.image.any() for frame in lost)


def test_a_cut_file_gives_what_is_left_and_then_an_error_with_the_time(tmp_path):
    path = cut(make(tmp_path / "a.mp4", container_options={"movflags": "faststart"}), 0.7)
    frames = read_frames(open_clip(path))

    seen = []
    with pytest.raises(InputError, match=r"a-cut\.mp4: is cut short after \d\.\d\d s; get a whole copy") as caught:
        seen.extend(frames)

    assert f"{float(seen[-1].time):.2f} s" in str(caught.value)
    assert [frame.time for frame in seen] == [Fraction(number, 25) for number in range(len(seen))]
    assert 5 < len(seen) < 50


def test_pictures_that_change_their_size_are_fitted_without_stretching(tmp_path):
    small = make(tmp_path / "a.mpg", codec="mpeg2video", sound=None, stamps=range(10), options={})
    large = make(tmp_path / "b.mpg", codec="mpeg2video", sound=None, stamps=range(10), options={}, size_wh=(128, 64))
    (tmp_path / "c.mpg").write_bytes(small.read_bytes() + large.read_bytes())

    frames = read(tmp_path / "c.mpg")

    assert {frame.image.shape for frame in frames} == {(48, 64, 3)}
    assert frames[-1].decoded is None
    assert not frames[-1].image[:7].any()
    assert frames[-1].image[24].any()


def test_frames_from_a_file_cannot_be_changed_in_place(tmp_path):
    frame = read(make(tmp_path / "a.mp4", sound=None, stamps=range(2)))[0]

    with pytest.raises(ValueError, match="read-only"):
        frame.image[0] = 0


@pytest.mark.parametrize(
    ("name", "count"), [("grid-brbk7n.mpg", 75), ("intel-asl-sister.mkv", 87), ("intel-classroom.gif", 45)]
)
def test_real_clips_are_read_to_the_end(real_clips, name, count):
    frames = read_frames(open_clip(real_clips / name))

    assert [frame.corrupt for frame in frames] == [False] * count
