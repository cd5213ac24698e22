"""Pictures on disk: found in folders, read upright, written without metadata and never half."""

from ganonymization.files.atomic import write_atomically
from ganonymization.files.find import Fault, Findings, Found, find_pictures
from ganonymization.files.metadata import Metadata
from ganonymization.files.moving import CLIP_SUFFIXES, is_clip
from ganonymization.files.picture import Encoding, Picture
from ganonymization.files.read import DEFAULT_MAX_PIXELS, read_picture
from ganonymization.files.write import require_target, write_picture

__all__ = [
    "CLIP_SUFFIXES",
    "DEFAULT_MAX_PIXELS",
    "Encoding",
    "Fault",
    "Findings",
    "Found",
    "Metadata",
    "Picture",
    "find_pictures",
    "is_clip",
    "read_picture",
    "require_target",
    "write_atomically",
    "write_picture",
]
