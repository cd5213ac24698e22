"""Which of the 478 landmarks lie where (MediaPipe's canonical face mesh); left and right are the subject's own."""

from typing import Final

FACE_OVAL: Final = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
LIPS_OUTER: Final = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
LIPS_INNER: Final = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191)
RIGHT_EYE: Final = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
LEFT_EYE: Final = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
RIGHT_BROW: Final = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46)
LEFT_BROW: Final = (300, 293, 334, 296, 336, 285, 295, 282, 283, 276)
RIGHT_IRIS_CENTER: Final = 468
LEFT_IRIS_CENTER: Final = 473
RIGHT_IRIS: Final = (469, 470, 471, 472)
LEFT_IRIS: Final = (474, 475, 476, 477)
IRISES: Final = (RIGHT_IRIS_CENTER, *RIGHT_IRIS, LEFT_IRIS_CENTER, *LEFT_IRIS)
NOSE_BRIDGE: Final = (168, 6, 197, 195, 5, 4, 1, 19, 94, 2)
NOSE_BASE: Final = (48, 64, 98, 97, 2, 326, 327, 294, 278)

RIGHT_EYE_OUTER: Final = 33
RIGHT_EYE_INNER: Final = 133
LEFT_EYE_OUTER: Final = 263
LEFT_EYE_INNER: Final = 362
FOREHEAD_TOP: Final = 10
CHIN: Final = 152
RIGHT_CHEEK: Final = 234
LEFT_CHEEK: Final = 454
