import os
import socket
import subprocess
import sys
import time
from fractions import Fraction

import av
import numpy as np
import pytest
from simulated import FakeSink, clip_of, decode_jpegs, image_of

from ganonymization.errors import OutputError
from ganonymization.live.address import parse_sink
from ganonymization.live.grabber import Retry
from ganonymization.live.sinks import PersistentSink, open_sink

RETRY = Retry(first_pause_s=1, longest_pause_s=2, give_up_s=10)


def open_for(word, tmp_path, **options):
    return open_sink(parse_sink(str(word)), clip_of(tmp_path), timeout_s=2, retry=RETRY, **options)


def record(sink, values):
    for number, value in enumerate(values):
        sink.write(image_of(value), Fraction(number, 20))
    sink.close()


def test_a_pipe_gets_whole_jpegs_in_order(tmp_path):
    reader, writer = os.pipe()

    record(open_for("-", tmp_path, descriptor=writer), [10, 200])
    os.close(writer)

    images = decode_jpegs(os.read(reader, 2**20))
    assert [round(float(image.mean())) for image in images] == [10, 200]
    os.close(reader)


def test_a_pipe_without_a_reader_is_an_error(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)

    with pytest.raises(OutputError, match="its reader has gone"):
        record(open_for("-", tmp_path, descriptor=writer), [10])
    os.close(writer)


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_file_holds_the_pictures_at_their_times_and_gets_its_name_at_the_end(tmp_path, suffix):
    target = tmp_path / "folder" / f"out.{suffix}"
    sink = open_for(target, tmp_path)
    sink.write(image_of(50), Fraction(0))
    assert not target.exists()
    sink.write(image_of(150), Fraction(1, 4))
    sink.write(image_of(100), Fraction(1, 4))
    sink.close()

    assert list(target.parent.iterdir()) == [target]
    with av.open(target) as container:
        frames = list(container.decode(video=0))
    assert [round(float(frame.time), 2) for frame in frames] == [0, 0.25, 0.25]
    np.testing.assert_allclose([frame.to_ndarray(format="rgb24").mean() for frame in frames], [50, 150, 100], atol=6)


def test_what_was_recorded_until_a_crash_can_be_played(tmp_path):
    sink = open_for(tmp_path / "out.mp4", tmp_path)
    for number in range(120):
        sink.write(image_of(number), Fraction(number, 20))

    (part,) = tmp_path.glob("*.part")
    with av.open(part) as container:
        assert len(list(container.decode(video=0))) >= 50
    sink.close()


def test_an_existing_file_is_safe_unless_it_may_be_overwritten(tmp_path):
    target = tmp_path / "out.mp4"
    target.write_bytes(b"old")

    with pytest.raises(OutputError, match="exists already"):
        open_for(target, tmp_path)
    record(open_for(target, tmp_path, overwrite=True), [10])
    assert target.stat().st_size > 500


def test_a_file_that_turns_up_meanwhile_is_safe_and_the_recording_is_not_lost(tmp_path):
    target = tmp_path / "out.mp4"
    sink = open_for(target, tmp_path)
    target.write_bytes(b"mine")

    with pytest.raises(OutputError, match="what was recorded is in"):
        record(sink, [10])
    assert target.read_bytes() == b"mine"
    assert len(list(tmp_path.glob("*.part"))) == 1


@pytest.mark.parametrize("name", ["out.txt", "out"])
def test_a_file_that_is_no_video_is_refused(tmp_path, name):
    with pytest.raises(OutputError, match="names no video"):
        open_for(tmp_path / name, tmp_path)


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(OutputError, match="cannot be written"):
        open_for(tmp_path / "file" / "out.mp4", tmp_path)


def test_a_virtual_camera_that_is_absent_is_an_error_that_says_what_to_load(tmp_path):
    with pytest.raises(OutputError, match="v4l2loopback"):
        open_for("/dev/video987", tmp_path)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


RECEIVER = """
import sys, av
url, options = sys.argv[1], dict(word.split("=") for word in sys.argv[2:])
for attempt in range(8):
    try:
        with av.open(url, options=options, timeout=8) as container:
            for frame in container.decode(video=0):
                print(round(float(frame.to_ndarray(format="rgb24").mean())), flush=True)
    except av.FFmpegError:
        pass  # the sender went away, or has only asked whether somebody is there
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scheme", "options"),
    [("rtmp", ["listen=1"]), ("rtsp", ["rtsp_flags=listen", "rtsp_transport=tcp", "listen_timeout=8"])],
)
def test_a_stream_is_received_by_a_real_server(tmp_path, scheme, options):
    """The server is another process, since FFmpeg holds up this one while it finishes a stream."""
    url = f"{scheme}://127.0.0.1:{free_port()}/app/key"
    command = [sys.executable, "-c", RECEIVER, url, "analyzeduration=100000", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as receiver:  # noqa: S603 - our own words
        try:
            sink = connect_patiently(url, tmp_path)
            for number in range(40):
                sink.write(image_of(200), Fraction(number, 20))
                time.sleep(0.02)
            sink.close()
            values = [int(receiver.stdout.readline()) for _ in range(10)]
        finally:
            receiver.kill()

    assert np.abs(np.array(values) - 200).max() < 6


def connect_patiently(url, tmp_path):
    """Open a sink whose server needs a moment until it listens."""
    deadline_s = time.monotonic() + 40
    while True:
        try:
            sink = open_for(url, tmp_path)
            sink.write(image_of(200), Fraction(0))
            time.sleep(0.3)
            sink._sink.write(image_of(200), Fraction(1, 20))
        except (AttributeError, OutputError):
            assert time.monotonic() < deadline_s
            time.sleep(0.2)
        else:
            return sink


def test_a_stream_that_is_refused_is_an_error_when_it_is_not_there_for_long(tmp_path):
    sink = open_sink(
        parse_sink(f"rtmp://127.0.0.1:{free_port()}/app/key"),
        clip_of(tmp_path),
        timeout_s=1,
        retry=Retry(0.01, 0.01, give_up_s=0),
    )

    with pytest.raises(OutputError, match="Connection refused"):
        write_for_long(sink)
    sink.close()


def write_for_long(sink):
    for number in range(100):
        sink.write(image_of(10), Fraction(number, 20))
        time.sleep(0.02)


def test_an_rtmp_server_that_never_answers_does_not_make_pictures_wait(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"rtmp://127.0.0.1:{server.getsockname()[1]}/app/key"
        sink = open_sink(parse_sink(url), clip_of(tmp_path), timeout_s=0.5, retry=RETRY)
        start_s = time.monotonic()
        for number in range(20):
            sink.write(image_of(10), Fraction(number, 20))
        assert time.monotonic() - start_s < 0.4
        sink.close()
        assert time.monotonic() - start_s < 3


def test_an_rtsp_server_that_never_answers_is_an_error(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"rtsp://127.0.0.1:{server.getsockname()[1]}/door"
        with pytest.raises(OutputError, match=r"did not answer within 0.3 s"):
            open_sink(parse_sink(url), clip_of(tmp_path), timeout_s=0.3, retry=RETRY)


def test_a_server_that_speaks_no_rtsp_is_an_error(tmp_path, in_thread):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 400 no")

        in_thread(answer)
        with pytest.raises(OutputError, match="is no RTSP server"):
            open_for(f"rtsp://127.0.0.1:{server.getsockname()[1]}/door", tmp_path)


def test_an_rtsp_server_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(OutputError, match="Connection refused"):
        open_for(f"rtsp://127.0.0.1:{free_port()}/door", tmp_path)


class Broken(FakeSink):
    def write(self, _image, _time_s):
        raise OutputError("broken")


def test_a_broken_stream_is_opened_again_after_a_pause_and_pictures_are_dropped_meanwhile():
    now_s = [0.0]
    made = [Broken(), Broken(), FakeSink()]
    sinks = iter(made)
    sink = PersistentSink(lambda: next(sinks), retry=RETRY, clock=lambda: now_s[0])

    written = []
    for time_s in (0.0, 0.5, 1.0, 2.0, 2.9, 3.0, 4.0):
        now_s[0] = time_s
        sink.write(image_of(round(10 * time_s)), Fraction(0))
        written.append(len(made[2].images))

    assert written == [0, 0, 0, 0, 0, 1, 2]
    assert made[0].is_closed
    assert made[1].is_closed
    sink.close()
    assert made[2].is_closed


def test_a_stream_that_stays_away_is_given_up():
    now_s = [0.0]

    def connect():
        if now_s[0]:
            raise OutputError("refused")
        return Broken()

    sink = PersistentSink(connect, retry=RETRY, clock=lambda: now_s[0])
    for time_s in range(10):
        now_s[0] = float(time_s)
        sink.write(image_of(1), Fraction(0))

    now_s[0] = 11.0
    with pytest.raises(OutputError, match="refused"):
        sink.write(image_of(1), Fraction(0))
