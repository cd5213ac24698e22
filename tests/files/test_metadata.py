"""What each policy keeps of a camera's metadata, and what none of them keeps."""

import io

import numpy as np
import PIL.Image
import pytest
from PIL.ExifTags import GPS, IFD, Base

from ganonymization.files import Metadata, read_picture, write_picture

LATITUDE = (52.0, 31.0, 12.0)
SECRET = b"SECRET-PREVIEW"
FORMATS = (".jpg", ".png", ".webp", ".tif", ".avif")


def camera_block(orientation=6):
    """Return the EXIF block of a phone: who, when, where, turned, with a private note and a preview."""
    exif = PIL.Image.Exif()
    exif[Base.Orientation] = orientation
    exif[Base.ImageDescription] = "a birthday"
    exif[Base.Model] = "Phone 9"
    exif[IFD.Exif] = {
        Base.DateTimeOriginal: "2024:05:06 07:08:09",
        Base.FNumber: 1.8,
        Base.MakerNote: SECRET * 20,
        Base.ExifImageWidth: 4000,
    }
    exif[IFD.GPSInfo] = {
        GPS.GPSLatitudeRef: "N",
        GPS.GPSLatitude: LATITUDE,
        GPS.GPSProcessingMethod: b"ASCII\0\0\0home",
    }
    return add_preview(exif.tobytes())


def add_preview(block):
    """Append a second directory (IFD1) that points to a thumbnail, as EXIF 2.32, section 4.8 has it."""
    head, body = block[:6], bytearray(block[6:])
    order = "little" if body[:2] == b"II" else "big"
    start = int.from_bytes(body[4:8], order)
    count = int.from_bytes(body[start : start + 2], order)
    link = start + 2 + 12 * count
    body[link : link + 4] = len(body).to_bytes(4, order)
    entries = [(0x0103, 3, 6), (0x0201, 4, len(body) + 2 + 3 * 12 + 4), (0x0202, 4, len(SECRET))]
    body += len(entries).to_bytes(2, order)
    for tag, kind, value in entries:
        size = 2 if kind == 3 else 4
        packed = value.to_bytes(size, order).ljust(4, b"\0")
        body += tag.to_bytes(2, order) + kind.to_bytes(2, order) + (1).to_bytes(4, order) + packed
    return head + bytes(body) + bytes(4) + SECRET


def write_source(path):
    image = PIL.Image.fromarray(np.full((16, 32, 3), 90, np.uint8))
    if path.suffix == ".tif":
        exif = PIL.Image.Exif()
        exif.load(camera_block())
        image.save(path, exif=exif)
    else:
        image.save(path, exif=camera_block())
    return path


def written_block(path, metadata):
    target = path.with_stem("written")
    write_picture(read_picture(path), target, metadata=metadata)
    assert SECRET not in target.read_bytes()
    with PIL.Image.open(target) as image:
        assert image.size == (16, 32)
        image.load()
        return image.getexif(), image.getexif().get_ifd(IFD.Exif), image.getexif().get_ifd(IFD.GPSInfo)


def test_the_source_has_what_the_other_tests_look_for(tmp_path):
    path = write_source(tmp_path / "a.jpg")

    with PIL.Image.open(path) as image:
        preview = image.getexif().get_ifd(IFD.IFD1)
    content = path.read_bytes()
    assert content.count(SECRET) == 21
    assert content[content.index(b"Exif") + 6 + preview[0x0201] :].startswith(SECRET)


@pytest.mark.parametrize("suffix", FORMATS)
def test_by_default_no_metadata_is_kept(tmp_path, suffix):
    exif, capture, place = written_block(write_source(tmp_path / f"a{suffix}"), Metadata.NONE)

    assert not {Base.Model, Base.ImageDescription, IFD.Exif, IFD.GPSInfo} & set(exif)
    assert not capture
    assert not place


@pytest.mark.parametrize("suffix", FORMATS)
def test_all_but_location_keeps_camera_and_date_and_no_place(tmp_path, suffix):
    exif, capture, place = written_block(write_source(tmp_path / f"a{suffix}"), Metadata.ALL_BUT_LOCATION)

    assert exif[Base.Model] == "Phone 9"
    assert exif[Base.ImageDescription] == "a birthday"
    assert capture[Base.DateTimeOriginal] == "2024:05:06 07:08:09"
    assert float(capture[Base.FNumber]) == 1.8
    assert not place
    assert IFD.GPSInfo not in exif


@pytest.mark.parametrize("suffix", FORMATS)
def test_location_only_keeps_the_place_alone(tmp_path, suffix):
    exif, capture, place = written_block(write_source(tmp_path / f"a{suffix}"), Metadata.LOCATION_ONLY)

    assert tuple(map(float, place[GPS.GPSLatitude])) == LATITUDE
    assert not capture
    assert Base.Model not in exif


@pytest.mark.parametrize("suffix", FORMATS)
def test_all_keeps_both(tmp_path, suffix):
    exif, capture, place = written_block(write_source(tmp_path / f"a{suffix}"), Metadata.ALL)

    assert exif[Base.Model] == "Phone 9"
    assert capture[Base.DateTimeOriginal] == "2024:05:06 07:08:09"
    assert place[GPS.GPSLatitudeRef] == "N"


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("metadata", list(Metadata))
def test_no_policy_keeps_orientation_maker_note_preview_or_old_size(tmp_path, suffix, metadata):
    """The result is upright, so the orientation that turned it would turn it again."""
    exif, capture, _ = written_block(write_source(tmp_path / f"a{suffix}"), metadata)

    assert exif.get(Base.Orientation, 1) == 1
    assert not {Base.MakerNote, Base.ExifImageWidth} & set(capture)
    assert not exif.get_ifd(IFD.IFD1)


def test_xmp_is_not_kept_by_any_policy(tmp_path):
    stream = io.BytesIO()
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>Anna</x:xmpmeta>"
    PIL.Image.new("RGB", (8, 8)).save(stream, "JPEG", xmp=xmp, exif=camera_block(orientation=1))
    (tmp_path / "a.jpg").write_bytes(stream.getvalue())

    for metadata in Metadata:
        target = tmp_path / f"{metadata.value}.jpg"
        write_picture(read_picture(tmp_path / "a.jpg"), target, metadata=metadata)
        assert b"Anna" not in target.read_bytes()
    assert b"Anna" in stream.getvalue()


def test_a_picture_without_metadata_stays_without(tmp_path):
    PIL.Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg")
    write_picture(read_picture(tmp_path / "a.jpg"), tmp_path / "b.jpg", metadata=Metadata.ALL)

    assert b"Exif" not in (tmp_path / "b.jpg").read_bytes()


def test_a_tiff_that_would_be_compressed_takes_metadata_as_well(tmp_path):
    picture = read_picture(write_source(tmp_path / "a.jpg"))

    write_picture(picture, tmp_path / "b.tif", metadata=Metadata.ALL)

    with PIL.Image.open(tmp_path / "b.tif") as image:
        assert image.getexif().get_ifd(IFD.Exif)[Base.DateTimeOriginal] == "2024:05:06 07:08:09"


def test_a_tiff_with_tags_that_cannot_be_packed_is_read_without_them(tmp_path, monkeypatch):
    path = write_source(tmp_path / "a.tif")

    def fail(*_):
        raise ValueError("damaged")

    monkeypatch.setattr(PIL.Image.Exif, "tobytes", fail)
    picture = read_picture(path)

    assert picture.exif == b""
    assert picture.image.shape == (32, 16, 3)


def test_pixels_do_not_depend_on_the_policy(tmp_path):
    source = read_picture(write_source(tmp_path / "a.tif"))
    images = []
    for metadata in Metadata:
        write_picture(source, tmp_path / f"{metadata.value}.tif", metadata=metadata)
        images.append(read_picture(tmp_path / f"{metadata.value}.tif").image)

    for image in images:
        np.testing.assert_array_equal(image, source.image)
