import pytest

from ganonymization.live.address import SinkKind, SourceKind, parse_sink, parse_source


@pytest.mark.parametrize(
    ("word", "kind", "url", "name"),
    [
        ("camera:0", SourceKind.CAMERA, "/dev/video0", "camera:0"),
        ("-", SourceKind.STDIN, "", "stdin"),
        ("rtsp://10.0.0.7/door", SourceKind.NETWORK, "rtsp://10.0.0.7/door", "rtsp://10.0.0.7/door"),
        ("HTTP://host:8080/video", SourceKind.NETWORK, "HTTP://host:8080/video", "http://host:8080/video"),
    ],
)
def test_words_for_live_sources(word, kind, url, name):
    source = parse_source(word)

    assert (source.kind, source.url, source.name) == (kind, url, name)


@pytest.mark.parametrize("word", ["a.mp4", "camera:", "camera:x", "photos/", "file:///etc/passwd", "C:/clips/a.mp4"])
def test_files_are_no_live_sources(word):
    assert parse_source(word) is None


@pytest.mark.parametrize(
    ("word", "kind", "container"),
    [
        ("-", SinkKind.STDOUT, ""),
        ("/dev/video9", SinkKind.DEVICE, ""),
        ("rtsp://host/x", SinkKind.NETWORK, "rtsp"),
        ("rtmp://host/app/key", SinkKind.NETWORK, "flv"),
        ("out.mp4", SinkKind.FILE, ""),
    ],
)
def test_words_for_live_sinks(word, kind, container):
    sink = parse_sink(word)

    assert (sink.kind, sink.format) == (kind, container)


def test_names_hold_no_password_and_no_token():
    assert parse_source("rtsp://ann:secret@host:554/door?token=secret").name == "rtsp://host:554/door"
    assert parse_sink("rtmp://ann:secret@host/app?key=secret").name == "rtmp://host/app"
