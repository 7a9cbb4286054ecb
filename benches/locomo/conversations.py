"""LoCoMo as the peers are given it: the memories, the questions and the measure of `main.rs`."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re

import harness


@dataclasses.dataclass
class Question:
    """A question with the numbers of the turns that answer it."""

    text: str
    evidence: list[int]


@dataclasses.dataclass
class Conversation:
    """Turns in the order in which they were said, a list for each sitting."""

    sessions: list[list[str]]
    questions: list[Question]

    def turns(self) -> list[str]:
        return [turn for session in self.sessions for turn in session]


@dataclasses.dataclass
class Sums:
    """Sums over the questions of a conversation."""

    recall: float = 0.0
    reciprocal: float = 0.0
    questions: int = 0

    def count(self, question: Question, found: list[int]) -> None:
        """Counts the first ten of what was found."""
        hits = [place in question.evidence for place in found[:10]]
        self.recall += sum(hits) / len(question.evidence)
        self.reciprocal += 1 / (hits.index(True) + 1) if any(hits) else 0
        self.questions += 1


def read(folder: pathlib.Path, chosen: list[int]) -> list[Conversation]:
    path = folder / "locomo10.json"
    if not path.exists():
        raise harness.Broken(f"the data is missing: `{path}`")
    data = json.loads(path.read_text(encoding="utf-8"))
    if wrong := [number for number in chosen if not 0 <= number < len(data)]:
        raise harness.Broken(f"there is no conversation `{wrong[0]}`: `--conversations` takes 0 to {len(data) - 1}")
    return [_conversation(data[number]) for number in chosen]


def _conversation(data: dict) -> Conversation:
    said = data["conversation"]
    numbers = sorted(int(found[1]) for name in said if (found := re.fullmatch(r"session_(\d+)", name)))
    sessions, places = [], {}
    for number in numbers:
        date = said.get(f"session_{number}_date_time", "")
        sessions.append([_text(turn, date) for turn in said[f"session_{number}"]])
        for turn in said[f"session_{number}"]:
            places[turn["dia_id"]] = len(places)
    asked = [Question(question["question"], evidence(question.get("evidence"), places)) for question in data["qa"]]
    return Conversation(sessions, [question for question in asked if question.evidence])


def _text(turn: dict, date: str) -> str:
    image = f" [shares image: {turn['blip_caption']}]" if turn.get("blip_caption") else ""
    return f"[{date}] {turn.get('speaker', '')}: {turn.get('text', '')}{image}"


def evidence(written: list[str] | None, places: dict[str, int]) -> list[int]:
    """Turns by `D<session>:<turn>`; a few are written otherwise, and read all the same."""
    found = []
    for part in (part for text in written or [] for part in text.split("D")):
        numbers = [int(number) for number in re.findall(r"[0-9]+", part)[:2]]
        place = places.get(f"D{numbers[0]}:{numbers[1]}") if len(numbers) == 2 else None
        if place is not None and place not in found:
            found.append(place)
    return found
