"""The judge must not be kinder than its rules: each case is what a run left behind, and what must be said of it."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import pathlib
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("conformance_run", str(HERE / "run"))
spec = importlib.util.spec_from_loader(loader.name, loader)
run = importlib.util.module_from_spec(spec)
sys.modules[loader.name] = run
loader.exec_module(run)

REASONS = '[[skip]]\nscenario = "skills"\nchecks = ["listed"]\nreason = "not declared"\n'


class Judge(unittest.TestCase):
    def judge(self, scenarios: dict[str, list[tuple[str, str]] | None], listed: set[str]):
        """`scenarios` maps a name to its checks (id, status); None is a folder without checks.json."""
        with tempfile.TemporaryDirectory() as name:
            out = pathlib.Path(name) / "out"
            for scenario, checks in scenarios.items():
                folder = out / f"server-{scenario}-2026-11-20T17-38-49-814Z"
                folder.mkdir(parents=True)
                if checks is not None:
                    data = [{"id": check, "status": status, "description": "d"} for check, status in checks]
                    (folder / "checks.json").write_text(json.dumps(data))
            reasons = pathlib.Path(name) / "skips.toml"
            reasons.write_text(REASONS)
            skips = run.Skips(reasons)
            return run.judge("mode", out, listed, skips), skips

    def test_success_and_info_are_fine(self):
        report, _ = self.judge({"ping": [("a", "SUCCESS"), ("b", "INFO")]}, {"ping"})
        self.assertEqual((report.scenarios, report.counts["SUCCESS"], report.problems), (1, 1, []))

    def test_each_bad_check_is_a_problem(self):
        for status in ("FAILURE", "WARNING", "SKIPPED", "SOMETHING-NEW"):
            report, _ = self.judge({"ping": [("a", "SUCCESS"), ("b", status)]}, {"ping"})
            self.assertEqual(report.problems, [f"ping: b: {status}: d"])

    def test_a_skip_with_a_reason_is_fine_and_used_up(self):
        report, skips = self.judge({"skills": [("listed", "SKIPPED")]}, {"skills"})
        self.assertEqual((report.problems, skips.unused), ([], set()))

    def test_a_reason_covers_only_its_own_check(self):
        report, skips = self.judge({"skills": [("other", "SKIPPED")]}, {"skills"})
        self.assertEqual(report.problems, ["skills: other: SKIPPED: d"])
        self.assertEqual(skips.unused, {("skills", "listed")})

    def test_a_reason_does_not_excuse_a_failure(self):
        report, skips = self.judge({"skills": [("listed", "FAILURE")]}, {"skills"})
        self.assertEqual(len(report.problems), 1)
        self.assertEqual(skips.unused, {("skills", "listed")})

    def test_silence_is_a_problem(self):
        for left in ({}, {"ping": None}, {"ping": []}):
            report, _ = self.judge({"other": [("a", "SUCCESS")], **left}, {"ping", "other"})
            self.assertEqual(report.problems, ["ping: listed, but left no checks"])

    def test_an_unlisted_scenario_is_a_problem(self):
        report, _ = self.judge({"json-schema-2020-12": [("a", "SUCCESS")]}, set())
        self.assertEqual(report.problems, ["json-schema-2020-12: ran, but the suite does not list it"])


class Reasons(unittest.TestCase):
    def test_a_skip_without_a_reason_is_refused(self):
        with tempfile.TemporaryDirectory() as name:
            path = pathlib.Path(name) / "skips.toml"
            path.write_text('[[skip]]\nscenario = "skills"\nchecks = ["a"]\nreason = " "\n')
            with self.assertRaisesRegex(run.harness.Broken, "no reason"):
                run.Skips(path)


if __name__ == "__main__":
    unittest.main()
