"""What is seen before frames are read, and what is refused."""

import re
from fractions import Fraction

import PIL.Image
import pytest
from making import cut, make

from ganonymization.errors import GanonymizationError, InputError
from ganonymization.video import Colours, SideStream, StreamKind, Turn, open_clip, support

NTSC = Fraction(30000, 1001)


def test_an_mp4_is_described(tmp_path):
    def tune(stream):
        context = stream.codec_context
        context.colorspace, context.color_primaries, context.color_trc, context.color_range = 1, 1, 1, 2
        context.sample_aspect_ratio = Fraction(4, 3)

    clip = open_clip(make(tmp_path / "a.mp4", fps=NTSC, tune=tune))

    assert clip.size_wh == (64, 48)
    assert clip.fps == NTSC
    assert clip.frame_count == 50
    assert abs(clip.duration - 50 / NTSC) < 1 / NTSC
    assert (1 / NTSC / clip.time_base).denominator == 1
    assert (clip.codec, clip.pixel_format, clip.bit_depth) == ("h264", "yuv420p", 8)
    assert clip.colours == Colours(matrix=1, range=2, primaries=1, transfer=1)
    assert clip.pixel_aspect == Fraction(4, 3)
    assert clip.side_streams == (SideStream(1, StreamKind.SOUND, "aac", Fraction(1, 44100)),)
    assert clip.turn == Turn()
    assert not clip.is_cut_short


def test_ten_bits_are_seen(tmp_path):
    clip = open_clip(make(tmp_path / "a.mkv", sound=None, pixel_format="yuv420p10le", stamps=range(3)))

    assert (clip.bit_depth, clip.pixel_format) == (10, "yuv420p10le")


def test_a_quarter_turn_swaps_the_sides_and_the_shape_of_the_pixels(tmp_path):
    def tune(stream):
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
        stream.set_display_rotation(90)

    clip = open_clip(make(tmp_path / "a.mp4", sound=None, stamps=range(3), tune=tune))

    assert clip.size_wh == (48, 64)
    assert clip.pixel_aspect == Fraction(3, 4)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi", ".webm", ".gif"])
def test_a_file_that_ends_too_early_is_told_from_a_whole_one(tmp_path, suffix):
    codec, pixel_format = {".avi": ("mpeg4", "yuv420p"), ".webm": ("libvpx", "yuv420p"), ".gif": ("gif", "rgb8")}.get(
        suffix, ("libx264", "yuv420p")
    )
    whole = make(
        tmp_path / f"a{suffix}",
        codec=codec,
        pixel_format=pixel_format,
        sound=None,
        stamps=range(40),
        options={},
        container_options={"movflags": "faststart"} if suffix == ".mp4" else {},
    )

    assert not open_clip(whole).is_cut_short
    assert open_clip(cut(whole, 0.85)).is_cut_short  # the headers of a short AVI are most of it


def write(path, data):
    path.write_bytes(data)
    return path


def still(path):
    PIL.Image.new("RGB", (64, 48)).save(path)
    return path


@pytest.mark.parametrize(
    ("make_file", "fault"),
    [
        (lambda folder: folder / "a.mp4", r"a\.mp4: cannot be opened \(No such file or directory\); check its name"),
        (lambda folder: folder, "is not a file; give a video"),
        (lambda folder: write(folder / "a.mp4", b""), r"a\.mp4: is empty; get a whole copy"),
        (lambda folder: write(folder / "a.mp4", b"words " * 999), r"a\.mp4: is no video that can be read .*MP4, MOV"),
        (lambda folder: write(folder / "a.m3u8", b"#EXTM3U\n/etc/passwd\n"), r"a\.m3u8: is no video"),
        (lambda folder: still(folder / "a.jpg"), r"a\.jpg: is no video that can be read"),
        (lambda folder: still(folder / "a.webp"), r"a\.webp: is a still picture, not a video; anonymize it as a"),
        (lambda folder: cut(make(folder / "a.mp4", stamps=range(9)), 0.5), r"a-cut\.mp4: is cut short, and what is"),
    ],
)
def test_what_is_no_video_is_refused_with_file_fault_and_remedy(tmp_path, make_file, fault):
    path = make_file(tmp_path)

    with pytest.raises(InputError, match=fault):
        open_clip(path)


def test_sound_alone_is_no_video(tmp_path):
    path = sound_only(tmp_path / "a.mp4")

    with pytest.raises(InputError, match=re.escape(f"{path}: has no video stream; give a video")):
        open_clip(path)


def test_a_clip_without_frames_is_refused(tmp_path):
    path = make(tmp_path / "a.mkv", stamps=range(0))

    with pytest.raises(InputError, match=r"a\.mkv: has no "):
        open_clip(path)


def sound_only(path):
    import av
    from making import SOUND_HZ, hum

    with av.open(path, "w") as output:
        hum(output, output.add_stream("aac", rate=SOUND_HZ, layout="mono"), 0.5)
    return path


def test_without_pyav_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(support.importlib.util, "find_spec", lambda _: None)

    with pytest.raises(GanonymizationError, match=re.escape("pip install 'ganonymization[video]'")) as caught:
        support.require_pyav()
    assert isinstance(caught.value, ImportError)
