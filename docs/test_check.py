"""The check of the documents must not be kinder than its rules: each case is a small repository with one mistake."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import pathlib
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("docs_check", str(HERE / "check"))
spec = importlib.util.spec_from_loader(loader.name, loader)
check = importlib.util.module_from_spec(spec)
sys.modules[loader.name] = check
loader.exec_module(check)

CONTENTS = "# Contents\n\n- [A page](page.md)\n"
CODE = "fn main() {\n    let a = 1;\n    let b = 2;\n}\n"


class Documents(unittest.TestCase):
    def wrong(self, page: str, contents: str = CONTENTS, **more: str) -> str:
        with tempfile.TemporaryDirectory() as name:
            root = pathlib.Path(name)
            files = {"docs/SUMMARY.md": contents, "docs/page.md": page, "src/main.rs": CODE} | more
            for path, text in files.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text)
            return "\n".join(check.Repository(root, sorted(root.rglob("*.md"))).check())

    def test_a_page_without_mistakes_is_fine(self):
        page = (
            "# A page\n\n## What is `x`?\n\n[here](#what-is-x) [there](../src/main.rs) [away](https://example.com) [`Args`](crate::Args)\n\n"
            "`[no](link.md)`\n\n```json\n{}\n```\n\n```yaml\na: 1\n```\n\n```text\n[no](link.md)\n```\n"
        )
        self.assertEqual(self.wrong(page), "")

    def test_broken_links_are_found(self):
        self.assertIn("docs/page.md:3: the link `gone.md` leads nowhere", self.wrong("# A\n\n[x](gone.md)\n"))
        self.assertIn("docs/page.md:3: the link `gone.png` leads nowhere", self.wrong("# A\n\n![x](gone.png)\n"))
        self.assertIn("docs/page.md:3: the link `gone.md` leads nowhere", self.wrong("# A\n\n[x]: gone.md\n"))
        self.assertIn("leads to a heading that is not there", self.wrong("# A\n\n[x](#b)\n"))
        self.assertIn("leads to a heading that is not there", self.wrong("# A\n\n[x](SUMMARY.md#b)\n"))
        self.assertIn("leads out of the repository", self.wrong("# A\n\n[x](../../../tmp)\n"))

    def test_pages_have_titles_and_stand_in_the_contents(self):
        self.assertIn("does not begin with a title", self.wrong("text\n"))
        self.assertIn("does not begin with a title", self.wrong("## A\n\n# B\n"))
        self.assertIn("is not in docs/SUMMARY.md", self.wrong("# A\n", contents="# Contents\n"))
        self.assertIn("the link `more.md` leads nowhere", self.wrong("# A\n", contents=CONTENTS + "- [More](more.md)\n"))

    def test_data_can_be_read(self):
        self.assertIn("docs/page.md:3: no JSON", self.wrong("# A\n\n```json\n{,}\n```\n"))
        self.assertIn("docs/page.md:3: no TOML", self.wrong("# A\n\n```toml\na =\n```\n"))
        self.assertIn("docs/page.md:3: no YAML", self.wrong("# A\n\n```yaml\na: [\n```\n"))
        self.assertIn("the block has no end", self.wrong("# A\n\n```json\n{}\n"))

    def test_code_stands_in_its_file(self):
        shown = "# A\n\n<!-- from: src/main.rs -->\n```rust\n{}\n```\n"
        self.assertEqual(self.wrong(shown.format("let a = 1;\nlet b = 2;")), "")
        self.assertIn("as it is here", self.wrong(shown.format("let a = 1;\nlet b = 3;")))
        self.assertIn("as it is here", self.wrong(shown.format("let b = 2;\nlet a = 1;")))
        self.assertIn("there is no `src/other.rs`", self.wrong(shown.replace("main", "other")))

    def test_spelling(self):
        with tempfile.TemporaryDirectory() as name:
            page = pathlib.Path(name) / "page.md"
            page.write_text("# A page\n\nThis is teh page.\n")
            if not check.tool("typos"):
                self.skipTest("typos cannot be installed")
            found = check.misspelled(pathlib.Path(name), [page])
            self.assertEqual(len(found), 1)
            self.assertIn("`teh` should be `the`", found[0])

    def test_links_of_the_book(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            for page in ("a", "b", "c"):
                (folder / f"{page}.html").write_text('<h1 id="top">x</h1><a href="a.html#top">x</a>')
            self.assertEqual(check.book(folder), [])
            (folder / "c.html").write_text('<a href="d.html">x</a><a href="a.html#no">x</a><img src="no.png">')
            self.assertEqual(len(check.book(folder)), 3)


if __name__ == "__main__":
    unittest.main()
