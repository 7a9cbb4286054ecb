"""What the peers are given must be what our program is given; the cases are those in which the data is not as it should be."""

from __future__ import annotations

import json
import pathlib
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "scripts")]
import conversations
import harness

PLACES = {"D1:1": 0, "D1:2": 1, "D2:1": 2, "D11:26": 3}


class Evidence(unittest.TestCase):
    def test_identifiers_are_mended(self):
        for written, expected in [
            (["D1:2"], [1]),
            (["D1:1; D2:1"], [0, 2]),
            (["D1:1 D1:1", "D1:1"], [0]),
            (["D:11:26"], [3]),
            (["D1:02"], [1]),
            (["D"], []),
            (["D9:9"], []),
            ([], []),
            (None, []),
        ]:
            with self.subTest(written=written):
                self.assertEqual(conversations.evidence(written, PLACES), expected)


class Reading(unittest.TestCase):
    def read(self, chosen):
        said = {
            "session_10_date_time": "2 May",
            "session_10": [{"speaker": "Bo", "dia_id": "D10:1", "text": "Look", "blip_caption": "a cat"}],
            "session_2_date_time": "1 May",
            "session_2": [{"speaker": "Ann", "dia_id": "D2:1", "text": "Hello"}],
        }
        asked = [{"question": "Which animal?", "evidence": ["D10:1"]}, {"question": "Why?", "evidence": ["D"]}]
        with tempfile.TemporaryDirectory() as folder:
            text = json.dumps([{"conversation": said, "qa": asked}])
            pathlib.Path(folder, "locomo10.json").write_text(text, encoding="utf-8")
            return conversations.read(pathlib.Path(folder), chosen)

    def test_turns_are_in_the_order_of_the_sessions(self):
        (read,) = self.read([0])
        self.assertEqual(read.turns(), ["[1 May] Ann: Hello", "[2 May] Bo: Look [shares image: a cat]"])

    def test_questions_without_evidence_are_not_asked(self):
        (read,) = self.read([0])
        self.assertEqual(read.questions, [conversations.Question("Which animal?", [1])])

    def test_a_conversation_that_is_not_there_is_named(self):
        with self.assertRaisesRegex(harness.Broken, "`3`"):
            self.read([3])


class Measure(unittest.TestCase):
    def test_only_the_first_ten_count(self):
        sums = conversations.Sums()
        question = conversations.Question("", [4, 50])
        sums.count(question, [9, 4, *range(100, 108), 50])
        sums.count(question, [1, 2])
        self.assertEqual((sums.recall, sums.reciprocal, sums.questions), (0.5, 0.5, 2))


if __name__ == "__main__":
    unittest.main()
