"""What is written is what was read: times, sound, colours, size; and there is never half a file."""

import itertools
from fractions import Fraction

import av
import numpy as np
import pytest
from making import cut, draw, make, packets, psnr

from ganonymization.errors import InputError, OutputError
from ganonymization.video import (
    ClipOptions,
    ClipWriter,
    Codec,
    Turn,
    default_suffix,
    encoders,
    open_clip,
    read_frames,
    write_clip,
)

NTSC = Fraction(30000, 1001)


def rewrite(source, target, **options):
    """Read a clip, write it unchanged, and return what was written."""
    clip = open_clip(source)
    write_clip(clip, read_frames(clip), target, options=ClipOptions(**options))
    return open_clip(target)


def times(clip):
    return [frame.time for frame in read_frames(clip)]


def mean_psnr(clip, other):
    pairs = zip(read_frames(clip), read_frames(other), strict=True)
    return np.mean([psnr(frame.image, again.image) for frame, again in pairs])


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_times_count_and_duration_are_the_sources(tmp_path, suffix):
    source = open_clip(make(tmp_path / f"a{suffix}", fps=NTSC))

    written = rewrite(source.path, tmp_path / f"b{suffix}")

    assert times(written) == times(source)
    assert abs(written.duration - source.duration) < 1 / NTSC
    assert abs(written.fps - NTSC) < Fraction(1, 100)
    assert mean_psnr(source, written) > 36


def test_variable_times_and_a_late_start_are_kept(tmp_path):
    stamps = [700, 733, 800, 1900, 1901, 2500]
    path = make(tmp_path / "a.mp4", stamps=stamps, time_base=Fraction(1, 1000))

    assert times(rewrite(path, tmp_path / "b.mp4")) == [Fraction(stamp, 1000) for stamp in stamps]


def test_a_broadcast_clock_is_set_to_zero_and_sound_stays_in_step(tmp_path):
    source = open_clip(make(tmp_path / "a.mpg", codec="mpeg2video", sound="mp2", options={}))

    written = rewrite(source.path, tmp_path / "b.mp4")

    assert source.origin > 0
    assert times(written) == [time - source.origin for time in times(source)]
    sound, copy = packets(source.path, "audio"), packets(written.path, "audio")
    assert max(abs(a[1] - source.origin - b[1]) for a, b in zip(sound, copy, strict=True)) < Fraction(1, 44100)


@pytest.mark.parametrize(
    ("name", "target", "sound"),
    [
        ("a.mp4", "b.mp4", "aac"),
        ("a.mp4", "b.mkv", "aac"),
        ("a.mkv", "b.mkv", "flac"),
        ("a.mov", "b.mov", "pcm_s16le"),
        ("a.avi", "b.mp4", "mp2"),
        ("a.mpg", "b.mp4", "mp2"),
    ],
)
def test_sound_is_copied_bit_for_bit(tmp_path, name, target, sound):
    codec = {".avi": "mpeg4", ".mpg": "mpeg2video"}.get(name[1:], "libx264")
    path = make(tmp_path / name, codec=codec, sound=sound, stamps=range(20), options={})

    rewrite(path, tmp_path / target)

    copy = packets(tmp_path / target, "audio")
    assert b"".join(data for data, _ in copy) == b"".join(data for data, _ in packets(path, "audio"))
    assert len(copy) > 10 or sound == "pcm_s16le"


def test_every_packet_of_sound_keeps_its_time(tmp_path):
    path = make(tmp_path / "a.mp4")

    rewrite(path, tmp_path / "b.mp4")

    assert packets(tmp_path / "b.mp4", "audio") == packets(path, "audio")


def test_sound_may_be_longer_than_the_pictures_and_shorter(tmp_path):
    for sound_s in (4.0, 0.2):
        path = make(tmp_path / f"{sound_s}.mp4", stamps=range(10), sound_s=sound_s)
        written = rewrite(path, tmp_path / f"{sound_s}-b.mp4")
        assert packets(written.path, "audio") == packets(path, "audio")
        assert len(times(written)) == 10


def test_subtitles_are_copied_with_their_language(tmp_path):
    path = add_subtitles(make(tmp_path / "a.mkv", stamps=range(20)), tmp_path / "s.mkv")

    written = rewrite(path, tmp_path / "b.mkv")

    assert packets(written.path, "subtitle") == packets(path, "subtitle")
    with av.open(written.path) as container:
        assert container.streams.subtitles[0].language == "fra"


def test_streams_that_a_container_cannot_hold_are_refused_with_one_that_can(tmp_path):
    path = add_subtitles(make(tmp_path / "a.mkv", stamps=range(5)), tmp_path / "s.mkv")

    with pytest.raises(OutputError, match=r"b\.mp4: \.mp4 cannot hold the subtitle stream 2 \(subrip\); .*\.mkv"):
        rewrite(path, tmp_path / "b.mp4")
    assert not (tmp_path / "b.mp4").exists()


def add_subtitles(source, target):
    lines = target.with_suffix(".srt")
    lines.write_text("1\n00:00:00,100 --> 00:00:00,400\nBonjour\n\n2\n00:00:00,500 --> 00:00:00,700\nSalut\n\n")
    with av.open(source) as clip, av.open(lines) as words, av.open(target, "w") as output:
        streams = [*clip.streams, *words.streams]
        copies = {id(stream): output.add_stream_from_template(stream) for stream in streams}
        copies[id(words.streams[0])].metadata["language"] = "fra"
        for packet in itertools.chain(words.demux(), clip.demux()):
            if packet.size:
                packet.stream = copies[id(packet.stream)]
                output.mux(packet)
    return target


def test_a_turned_clip_is_written_upright_and_not_turned_again(tmp_path):
    path = make(tmp_path / "a.mp4", stamps=range(5), tune=lambda stream: stream.set_display_rotation(90))

    written = rewrite(path, tmp_path / "b.mp4")

    assert written.turn == Turn()
    assert written.size_wh == (48, 64)
    assert mean_psnr(open_clip(path), written) > 36


@pytest.mark.parametrize(
    ("target", "codec", "pixel_format"),
    [("b.mp4", Codec.H264, "yuv444p"), ("b.mp4", Codec.HEVC, "yuv444p"), ("b.webm", Codec.AV1, "yuv420p")],
)
def test_odd_sizes_are_kept_to_the_pixel(tmp_path, target, codec, pixel_format):
    path = make(tmp_path / "a.gif", codec="gif", pixel_format="rgb8", size_wh=(59, 47), sound=None, stamps=range(5))

    written = rewrite(path, tmp_path / target, codec=codec, crf=10)

    assert written.size_wh == (59, 47)
    assert written.pixel_format == pixel_format
    assert mean_psnr(open_clip(path), written) > 20


@pytest.mark.parametrize("codec", list(Codec))
def test_ten_bits_and_colour_tags_are_kept(tmp_path, codec):
    def tune(stream):
        context = stream.codec_context
        context.colorspace, context.color_primaries, context.color_trc, context.color_range = 9, 9, 16, 2

    path = make(tmp_path / "a.mp4", sound=None, pixel_format="yuv420p10le", stamps=range(5), tune=tune)

    written = rewrite(path, tmp_path / "b.mp4", codec=codec)

    assert (written.codec, written.pixel_format, written.bit_depth) == (codec.value, "yuv420p10le", 10)
    assert written.colours == open_clip(path).colours


def test_the_shape_of_the_pixels_is_kept(tmp_path):
    def tune(stream):
        stream.codec_context.sample_aspect_ratio = Fraction(16, 15)

    assert rewrite(make(tmp_path / "a.mp4", stamps=range(3), tune=tune), tmp_path / "b.mp4").pixel_aspect == Fraction(
        16, 15
    )


def test_samples_of_unchanged_pixels_are_the_sources_and_changed_ones_are_not(tmp_path):
    clip = open_clip(make(tmp_path / "a.mkv", sound=None, stamps=range(2), pixel_format="yuv420p10le"))
    frame = next(read_frames(clip))
    image = frame.image.copy()
    image[10:21, 30:41] = (10, 200, 90)

    drawn = _draw(clip, frame.with_image(image))
    source = frame.decoded.picture.to_ndarray()
    plain = _draw(clip, frame.with_image(image), keeps=False)

    same = drawn == source
    assert same[:48][_outside(10, 21, 30, 41)].all()
    np.testing.assert_array_equal(drawn[10:21, 30:41], plain[10:21, 30:41])
    # chroma samples (0, 1 of them per 2 pixels) that touch the change are new
    chroma = drawn[48:60].reshape(24, 32), plain[48:60].reshape(24, 32), source[48:60].reshape(24, 32)
    np.testing.assert_allclose(chroma[0][5:11, 15:21], chroma[1][5:11, 15:21], atol=4)
    assert np.abs(chroma[0][5:11, 15:21].astype(int) - chroma[2][5:11, 15:21]).min() > 20
    np.testing.assert_array_equal(chroma[0][:5], chroma[2][:5])


def _outside(top, bottom, left, right):
    mask = np.ones((48, 64), np.bool_)
    mask[top:bottom, left:right] = False
    return mask


def _draw(clip, frame, *, keeps=True):
    from ganonymization.video.colours import Converter

    return Converter(clip).draw(frame.image, frame.decoded if keeps else None, clip.pixel_format).to_ndarray()


@pytest.mark.parametrize("matrix", [1, 5, 6, 9])
@pytest.mark.parametrize("colour_range", [1, 2])
def test_rgb_becomes_luma_by_the_formula_of_the_matrix(tmp_path, matrix, colour_range):
    def tune(stream):
        stream.codec_context.colorspace, stream.codec_context.color_range = matrix, colour_range

    clip = open_clip(make(tmp_path / "a.mp4", sound=None, stamps=range(2), tune=tune))
    frame = next(read_frames(clip)).with_image(np.full((48, 64, 3), (220, 40, 90), np.uint8))

    # ITU-T H.273, table 4: luma is the weighted sum of red, green and blue
    red, blue = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}[matrix]
    luma = red * 220 + (1 - red - blue) * 40 + blue * 90
    expected = luma if colour_range == 2 else 16 + luma * 219 / 255
    assert abs(float(_draw(clip, frame)[10, 10]) - expected) <= 1


def test_new_pixels_arrive(tmp_path):
    clip = open_clip(make(tmp_path / "a.mp4", stamps=range(10)))
    frames = (frame.with_image(255 - frame.image) for frame in read_frames(clip))

    assert write_clip(clip, frames, tmp_path / "b.mp4", options=ClipOptions(crf=10)) == 10

    for number, frame in enumerate(read_frames(open_clip(tmp_path / "b.mp4"))):
        assert psnr(frame.image, 255 - draw(number)) > 28


def test_a_part_starts_at_zero_with_its_sound(tmp_path):
    clip = open_clip(make(tmp_path / "a.mp4"))
    start, end = Fraction(1, 2), Fraction(3, 2)

    frames = read_frames(clip, start=start, end=end)
    write_clip(clip, frames, tmp_path / "b.mp4", options=ClipOptions(start=start, end=end))

    written = open_clip(tmp_path / "b.mp4")
    expected = [time - start for time in times(clip) if start <= time < end]
    assert [round(float(time), 3) for time in times(written)] == [round(float(time), 3) for time in expected]
    sound = packets(written.path, "audio")
    assert [data for data, _ in sound] == [data for data, time in packets(clip.path, "audio") if start <= time < end]
    assert 0 <= sound[0][1] < Fraction(1, 20)


def test_metadata_is_dropped(tmp_path):
    metadata = {"title": "at home", "comment": "me", "artist": "me", "location": "+48.1+011.5/"}
    path = make(tmp_path / "a.mov", stamps=range(5), metadata=metadata)
    assert b"at home" in path.read_bytes()

    rewrite(path, tmp_path / "b.mov")

    assert b"at home" not in (tmp_path / "b.mov").read_bytes()
    assert b"+48.1" not in (tmp_path / "b.mov").read_bytes()
    with av.open(tmp_path / "b.mov") as container:
        assert container.metadata.keys() <= {"major_brand", "minor_version", "compatible_brands", "encoder"}


def test_the_last_picture_of_an_animation_stays_as_long_as_it_did(tmp_path):
    import PIL.Image

    first, *others = [PIL.Image.fromarray(draw(9 * number)) for number in range(4)]
    first.save(tmp_path / "a.gif", save_all=True, append_images=others, duration=[40, 100, 250, 1000])

    written = rewrite(tmp_path / "a.gif", tmp_path / "b.mp4")

    assert written.duration == Fraction(139, 100)
    assert times(written) == [Fraction(ticks, 100) for ticks in (0, 4, 14, 39)]


def test_the_size_stays_near_the_sources(tmp_path):
    path = make(tmp_path / "a.mp4", options={"crf": "35"}, size_wh=(320, 240), sound=None)

    rewrite(path, tmp_path / "b.mp4")

    assert (tmp_path / "b.mp4").stat().st_size < 1.5 * path.stat().st_size


def test_a_lower_crf_is_better_and_larger(tmp_path):
    path = make(tmp_path / "a.mp4", sound=None)
    fine, coarse = (rewrite(path, tmp_path / f"{crf}.mp4", crf=crf) for crf in (5, 40))

    assert mean_psnr(open_clip(path), fine) > mean_psnr(open_clip(path), coarse) + 6
    assert fine.path.stat().st_size > 1.5 * coarse.path.stat().st_size


@pytest.mark.parametrize("crf", [None, 20])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_the_same_frames_give_the_same_bytes(tmp_path, suffix, crf):
    path = make(tmp_path / "a.mp4", options={"crf": "35"})

    written = [rewrite(path, tmp_path / f"{number}{suffix}", crf=crf).path.read_bytes() for number in range(3)]

    assert len(set(written)) == 1


@pytest.mark.parametrize(
    ("name", "sound", "suffix"),
    [("a.mov", "aac", ".mov"), ("a.avi", "mp2", ".mp4"), ("a.avi", "pcm_s16le", ".mkv"), ("a.gif", None, ".mp4")],
)
def test_the_container_stays_where_it_can_and_else_holds_the_sound(tmp_path, name, sound, suffix):
    codec, pixel_format = {".avi": ("mpeg4", "yuv420p"), ".gif": ("gif", "rgb8")}.get(name[1:], ("libx264", "yuv420p"))
    path = make(
        tmp_path / name, codec=codec, pixel_format=pixel_format, sound=sound, stamps=range(3), sound_s=0.2, options={}
    )

    assert default_suffix(open_clip(path)) == suffix
    assert len(times(rewrite(path, tmp_path / f"b{suffix}"))) == 3


@pytest.fixture
def clip(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    return open_clip(make(folder / "a.mp4", stamps=range(10), sound_s=0.4))


class Stop(BaseException):
    """Stands for Ctrl-C."""


@pytest.mark.parametrize("error", [Stop, KeyboardInterrupt, RuntimeError])
def test_whatever_stops_the_frames_leaves_nothing(clip, tmp_path, error):
    def stop_midway():
        for number, frame in enumerate(read_frames(clip)):
            if number == 6:
                raise error
            yield frame

    with pytest.raises(error):
        write_clip(clip, stop_midway(), tmp_path / "out" / "b.mp4")
    assert names(tmp_path / "out") == []


def test_a_source_that_is_cut_short_leaves_nothing(tmp_path):
    path = cut(make(tmp_path / "a.mp4", container_options={"movflags": "faststart"}), 0.7)
    out = tmp_path / "out"

    with pytest.raises(InputError, match="is cut short after"):
        rewrite(path, out / "b.mp4")
    assert names(out) == []


def test_a_file_that_exists_is_kept_until_the_new_one_is_whole(clip, tmp_path):
    target = tmp_path / "b.mp4"
    target.write_bytes(b"mine")

    with pytest.raises(OutputError, match=r"b\.mp4: exists already; take another name with -o, or --overwrite"):
        write_clip(clip, read_frames(clip), target)
    with pytest.raises(RuntimeError):
        write_clip(clip, fail_late(read_frames(clip)), target, options=ClipOptions(overwrite=True))
    assert target.read_bytes() == b"mine"

    write_clip(clip, read_frames(clip), target, options=ClipOptions(overwrite=True))
    assert len(times(open_clip(target))) == 10


def fail_late(frames):
    yield from frames
    raise RuntimeError


def test_a_file_that_turns_up_meanwhile_is_not_replaced(clip, tmp_path):
    with pytest.raises(OutputError, match=r"b\.mp4: cannot be written \(File exists\)"):
        write_clip(clip, be_late(read_frames(clip), tmp_path / "b.mp4"), tmp_path / "b.mp4")
    assert (tmp_path / "b.mp4").read_bytes() == b"theirs"


def be_late(frames, target):
    yield from frames
    target.write_bytes(b"theirs")


def test_the_source_is_never_written_to(clip):
    with pytest.raises(OutputError, match="is the input itself"):
        write_clip(clip, read_frames(clip), clip.path, options=ClipOptions(overwrite=True))


def test_a_clip_without_frames_leaves_nothing(clip, tmp_path):
    with pytest.raises(OutputError, match=r"b\.mp4: was not written, as there was no frame; check --start and --end"):
        write_clip(clip, [], tmp_path / "b.mp4")
    assert names(tmp_path) == ["source"]


def test_a_frame_of_another_size_is_refused(clip, tmp_path):
    frame = next(read_frames(clip))
    wrong = type(frame)(draw(0, (32, 32)), 0, clip.time_base)

    with pytest.raises(ValueError, match=r"frame has 32x32 pixels; .*\(64, 48\)"):
        write_clip(clip, [wrong], tmp_path / "b.mp4")
    assert names(tmp_path) == ["source"]


def test_a_full_disk_is_an_error_and_leaves_nothing(small_disk, tmp_path):
    path = make(tmp_path / "a.mp4", size_wh=(320, 240), pixel_format="yuv444p", options={"crf": "0"})

    with pytest.raises(OutputError, match=r"b\.mp4: cannot be written \(No space left on device\); free some space"):
        rewrite(path, small_disk / "b.mp4", crf=0)
    assert names(small_disk) == []


def test_a_folder_that_cannot_be_made_is_an_error(clip, tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(OutputError, match=r"b\.mp4: cannot be written \(.*\); "):
        write_clip(clip, read_frames(clip), tmp_path / "file" / "b.mp4")


def test_a_missing_encoder_is_named_with_what_to_do(clip, tmp_path, monkeypatch):
    missing = encoders.Encoder("libnothing", 20, 16, "fast")
    monkeypatch.setitem(encoders.ENCODERS, Codec.AV1, missing)

    with pytest.raises(OutputError, match=r"b\.mp4: cannot be encoded as av1 \(this FFmpeg has no libnothing\); take"):
        write_clip(clip, read_frames(clip), tmp_path / "b.mp4", options=ClipOptions(codec=Codec.AV1))


def test_a_size_that_the_encoder_refuses_is_named(tmp_path):
    path = make(tmp_path / "a.gif", codec="gif", pixel_format="rgb8", size_wh=(8, 8), sound=None, stamps=range(3))

    with pytest.raises(
        OutputError, match=r"b\.mp4: libx265 refuses 8x8 pixels as yuv420p \(.*\); take another --codec"
    ):
        rewrite(path, tmp_path / "b.mp4", codec=Codec.HEVC)
    assert names(tmp_path) == ["a.gif"]


@pytest.mark.parametrize(
    ("name", "codec", "fault"),
    [
        ("b.wmv", None, r"b\.wmv: the suffix '.wmv' names no video that can be written; .*\.mp4"),
        ("b.webm", Codec.H264, r"b\.webm: \.webm holds no h264; take --codec av1"),
    ],
)
def test_what_cannot_be_written_is_refused_at_once(clip, tmp_path, name, codec, fault):
    with pytest.raises(OutputError, match=fault):
        ClipWriter(clip, tmp_path / name, options=ClipOptions(codec=codec))


@pytest.mark.parametrize(
    "name", ["grid-brbk7n.mpg", "intel-asl-yes.mkv", "intel-face-demographics-walking.gif", "intel-one-by-one.mp4"]
)
def test_real_clips_come_back_whole(real_clips, tmp_path, name):
    clip = open_clip(real_clips / name)
    end = clip.origin + 3
    path = tmp_path / f"b{default_suffix(clip)}"

    count = write_clip(clip, read_frames(clip, end=end), path, options=ClipOptions(end=end))

    written = open_clip(path)
    expected = [frame.time - clip.origin for frame in read_frames(clip, end=end)]
    assert times(written) == expected
    assert len(expected) == count
    assert [data for data, _ in packets(path, "audio")] == [
        data for data, time in packets(clip.path, "audio") if time < end
    ]
    assert path.stat().st_size < 1.2 * clip.path.stat().st_size
    assert (
        np.mean([psnr(a.image, b.image) for a, b in zip(read_frames(clip, end=end), read_frames(written), strict=True)])
        > 34
    )
