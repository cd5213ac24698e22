"""Sets of faces in the folder layouts of their publishers, read one sample at a time."""

from ganonymization.evaluation.readers.dataset import READERS, Dataset, open_dataset
from ganonymization.evaluation.readers.lfw import Pair, read_lfw_pairs
from ganonymization.evaluation.readers.london import ExpressionPair, read_london_pairs
from ganonymization.evaluation.readers.sample import Attribute, Reader, Sample
from ganonymization.evaluation.readers.split import PeoplePart, split_people

__all__ = [
    "READERS",
    "Attribute",
    "Dataset",
    "ExpressionPair",
    "Pair",
    "PeoplePart",
    "Reader",
    "Sample",
    "open_dataset",
    "read_lfw_pairs",
    "read_london_pairs",
    "split_people",
]
