"""The runner of the runbooks must notice what goes wrong: a command that fails, output that is missing, a section that cannot be run."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("runbooks", str(ROOT / "interop/runbooks"))
spec = importlib.util.spec_from_loader(loader.name, loader)
runbooks = importlib.util.module_from_spec(spec)
sys.modules[loader.name] = runbooks
loader.exec_module(runbooks)

PAGE = "# A page\n\n## One\n\n```sh\nA=127.0.0.1:8080\necho one at $A\n```\n\n```text\none at 127.0.0.1:8080\n```\n\n```sh\n{}\n```\n\n```sh\necho $A >kept && cat kept\n```\n"


class Runbooks(unittest.TestCase):
    def run_page(self, text: str) -> tuple[list[str], set[str]]:
        with tempfile.TemporaryDirectory() as folder:
            page, skipped = pathlib.Path(folder) / "page.md", set()
            page.write_text(text)
            return runbooks.run(str(page), pathlib.Path(folder), skipped), skipped

    def test_a_page_that_works_is_fine(self):
        self.assertEqual(self.run_page(PAGE.format("true"))[0], [])

    def test_a_command_that_fails_is_found(self):
        (problem,) = self.run_page(PAGE.format("false | cat"))[0]
        self.assertIn("line 14 (One) ended with 1", problem)

    def test_output_that_is_missing_is_found(self):
        (problem,) = self.run_page(PAGE.format("true").replace("one at 127", "two at 127", 1).replace("echo two", "echo one"))[0]
        self.assertIn("no `two at 127.0.0.1:8080`", problem)

    def test_only_the_dots_stand_for_anything(self):
        self.assertTrue(runbooks.fits("a…c", "xabbc"))
        self.assertFalse(runbooks.fits("a.c", "abc"))

    def test_a_section_that_cannot_be_run_is_skipped_and_named(self):
        section = "\n## Two\n\n<!-- needs: no-such-program -->\n\n```sh\nfalse\n```\n"
        self.assertEqual(self.run_page(PAGE.format("true") + section), ([], {"Two: missing no-such-program"}))

    def test_nothing_is_left_running(self):
        with tempfile.NamedTemporaryFile() as left:
            self.assertEqual(self.run_page(PAGE.format(f"sleep 300 & echo $! >{left.name}"))[0], [])
            pid = int(pathlib.Path(left.name).read_text())
            status = pathlib.Path(f"/proc/{pid}/stat")
            self.assertTrue(not status.exists() or status.read_text().rsplit(")", 1)[1].split()[0] in "ZX")


if __name__ == "__main__":
    unittest.main()
