//! Skills: one with files and a directory, one that is a single file.

use mcp_patterns::extension::{PublishError, SkillSet, Skills};
use mcp_patterns::skill::Mode;

const GREETING: &str = "---
name: greeting
description: Greets a person in their own language. Use it when somebody says hello.
license: Apache-2.0 OR MIT
metadata:
  version: \"1.0\"
---

# Greeting

Find the language, then take the words from `languages/`.
";
const COUNTING: &str = "---
name: counting
description: Counts things of a list. Use it when somebody asks how many there are.
---

# Counting

Count one by one, and say the number.
";

pub(crate) fn skills() -> Result<Skills, PublishError> {
    let mut set = SkillSet::new();
    let files =
        [("SKILL.md", GREETING), ("languages/english.md", "Hello\n"), ("languages/german.md", "Guten Tag\n")];
    set.add_files("", files.map(|(path, text)| (path, text.as_bytes())), Mode::Strict)?;
    set.add_files("numbers", [("SKILL.md", COUNTING.as_bytes())], Mode::Strict)?;
    Ok(Skills::new(set))
}
