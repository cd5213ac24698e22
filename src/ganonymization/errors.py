"""The tree of errors: everything this package raises on purpose derives from `GanonymizationError`."""


class GanonymizationError(Exception):
    """Root of every error that this package raises on purpose."""


class InputError(GanonymizationError):
    """A file that was to be read cannot be read, or is not what it claims to be."""


class PictureTooLargeError(InputError):
    """A picture has more pixels than the limit allows; it was not decoded."""


class OutputError(GanonymizationError):
    """A file that was to be written cannot be written."""


class WeightsError(GanonymizationError):
    """A network file is missing, was changed, or does not fit its adapter."""


class FaceError(GanonymizationError):
    """One face cannot be synthesized; the caller obscures it."""


class LandmarksNotFoundError(FaceError):
    """The landmark network does not see a face where the detector saw one."""


class IdentityNotRemovedError(FaceError):
    """Every identity that was tried still resembles the original."""


class NotMeasurableError(GanonymizationError, ValueError):
    """A figure is undefined on the data at hand: too few people, too few photos of each, or values all alike."""


class NothingMadeError(GanonymizationError):
    """A method under evaluation has no output for a photo."""
