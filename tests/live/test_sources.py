import os
import socket
import threading
import time

import av
import numpy as np
import pytest
from simulated import jpeg, picture_of

from ganonymization.errors import InputError
from ganonymization.live.address import parse_source
from ganonymization.live.sources import read_pictures

STDIN = parse_source("-")


def values(pictures):
    return [round(float(picture.to_ndarray(format="rgb24").mean())) for picture in pictures]


def piped(in_thread, *chunks, pause_s=0.0):
    """Return the reading end of a pipe into which chunks are written."""
    reader, writer = os.pipe()

    def write():
        with os.fdopen(writer, "wb", buffering=0) as stream:
            for chunk in chunks:
                stream.write(chunk)
                time.sleep(pause_s)

    in_thread(write)
    return reader


def transport_stream(path, numbers):
    with av.open(path, "w", format="mpegts") as output:
        stream = output.add_stream("libx264", rate=25, options={"tune": "zerolatency", "g": "5"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in numbers:
            output.mux(stream.encode(picture_of(number)))
        output.mux(stream.encode(None))
    return path.read_bytes()


def serve(in_thread, *parts, head=b"", pause_s=0.0):
    """Return the port of a server that sends parts to the first who comes, and then hangs up."""
    server = socket.create_server(("127.0.0.1", 0))

    def work():
        with server:
            connection, _ = server.accept()
            with connection:
                if head:
                    connection.recv(4096)
                    connection.sendall(head)
                for part in parts:
                    connection.sendall(part)
                    time.sleep(pause_s)

    in_thread(work)
    return server.getsockname()[1]


def multipart(*pictures):
    return [
        b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(picture), picture)
        for picture in pictures
    ]


MULTIPART_HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"


def test_jpegs_come_out_of_a_pipe_in_order(in_thread):
    reader = piped(in_thread, *(jpeg(value) for value in (10, 100, 200)))

    np.testing.assert_allclose(values(read_pictures(STDIN, timeout_s=2, descriptor=reader)), [10, 100, 200], atol=3)
    os.close(reader)


def test_a_jpeg_is_shown_before_the_one_after_the_next_has_come(in_thread):
    """The end of a JPEG is only known when the next one begins."""
    reader = piped(in_thread, *(jpeg(value) for value in range(0, 200, 10)), pause_s=0.05)
    start_s = time.monotonic()

    first = next(iter(read_pictures(STDIN, timeout_s=2, descriptor=reader)))

    assert time.monotonic() - start_s < 0.3
    assert values([first]) == [0]


def test_a_pipe_may_hold_any_stream_that_needs_no_seeking(in_thread, tmp_path):
    reader = piped(in_thread, transport_stream(tmp_path / "a.ts", range(0, 200, 10)))

    found = values(read_pictures(STDIN, timeout_s=2, descriptor=reader))

    np.testing.assert_allclose(found, range(0, 200, 10), atol=4)
    os.close(reader)


def test_garbage_between_jpegs_gives_no_picture_and_does_no_harm(in_thread):
    rng = np.random.default_rng(0)
    garbage = rng.integers(0, 255, 5000, np.uint8).tobytes()
    reader = piped(in_thread, jpeg(10), garbage, jpeg(100), jpeg(200))

    found = values(read_pictures(STDIN, timeout_s=2, descriptor=reader))

    assert {10, 200} <= {round(value, -1) for value in found}
    assert len(found) <= 3
    os.close(reader)


@pytest.mark.parametrize("data", [b"", b"no video at all" * 100])
def test_a_pipe_without_video_is_an_error(in_thread, data):
    reader = piped(in_thread, data)

    with pytest.raises(InputError, match="stdin"):
        list(read_pictures(STDIN, timeout_s=2, descriptor=reader))
    os.close(reader)


def test_pictures_of_a_web_camera_come_over_http(in_thread):
    port = serve(in_thread, *multipart(jpeg(10), jpeg(100), jpeg(200)), head=MULTIPART_HEAD)
    source = parse_source(f"http://127.0.0.1:{port}/video")

    found = []
    with pytest.raises(InputError, match="cannot be read"):  # a camera that hangs up has broken off
        found.extend(picture for picture in read_pictures(source, timeout_s=2))

    np.testing.assert_allclose(values(found), [10, 100, 200], atol=3)


def test_a_transport_stream_comes_over_a_socket(in_thread, tmp_path):
    port = serve(in_thread, transport_stream(tmp_path / "a.ts", range(0, 200, 10)))

    found = values(read_pictures(parse_source(f"tcp://127.0.0.1:{port}"), timeout_s=2))

    np.testing.assert_allclose(found, range(0, 200, 10), atol=4)


@pytest.mark.parametrize("scheme", ["rtsp", "http", "tcp", "rtmp"])
def test_a_source_that_never_answers_is_an_error_in_time(scheme):
    with socket.create_server(("127.0.0.1", 0)) as server:
        source = parse_source(f"{scheme}://127.0.0.1:{server.getsockname()[1]}/door")
        start_s = time.monotonic()

        with pytest.raises(InputError, match=r"did not answer within 0.4 s"):
            list(read_pictures(source, timeout_s=0.4))

        assert 0.3 < time.monotonic() - start_s < 3


def test_a_source_that_falls_silent_is_an_error_in_time(in_thread):
    hang_up = threading.Event()
    server = socket.create_server(("127.0.0.1", 0))

    def work():
        with server:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(MULTIPART_HEAD + b"".join(multipart(*[jpeg(10)] * 40)))
                hang_up.wait(10)

    in_thread(work)
    pictures = read_pictures(parse_source(f"http://127.0.0.1:{server.getsockname()[1]}/"), timeout_s=0.5)

    found = []
    with pytest.raises(InputError, match="did not answer"):
        found.extend(picture for picture in pictures)
    hang_up.set()
    assert values(found[:1]) == [10]


def test_a_source_that_is_not_there_is_an_error():
    with pytest.raises(InputError, match="Connection refused"):
        list(read_pictures(parse_source("tcp://127.0.0.1:1"), timeout_s=2))


def test_a_camera_that_is_absent_is_an_error():
    with pytest.raises(InputError, match="camera:987: cannot be read"):
        list(read_pictures(parse_source("camera:987"), timeout_s=2))


def test_a_playlist_that_names_files_of_this_computer_is_refused(in_thread, tmp_path):
    secret = tmp_path / "secret.ts"
    transport_stream(secret, range(0, 200, 10))
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n".encode()
    head = b"HTTP/1.0 200 OK\r\nContent-Type: application/vnd.apple.mpegurl\r\n\r\n"
    port = serve(in_thread, playlist, head=head)

    with pytest.raises(InputError):
        list(read_pictures(parse_source(f"http://127.0.0.1:{port}/a.m3u8"), timeout_s=1))


def test_a_stream_of_sound_alone_is_refused(in_thread, tmp_path):
    path = tmp_path / "a.ts"
    with av.open(path, "w", format="mpegts") as output:
        stream = output.add_stream("aac", rate=44100, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 44100), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44100
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    reader = piped(in_thread, path.read_bytes())

    with pytest.raises(InputError, match="has no pictures"):
        list(read_pictures(STDIN, timeout_s=2, descriptor=reader))
    os.close(reader)
