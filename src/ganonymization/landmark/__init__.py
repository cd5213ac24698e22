"""Dense landmarks: the 478-point face mesh."""

from ganonymization.landmark.face_mesh import FaceMesh

__all__ = ["FaceMesh"]
