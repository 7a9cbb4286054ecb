//! Words that programs are made of and that everybody uses: `form`, `page`, `express`. As keywords of their own they fire on any text.
//!
//! One table.

/// Common words that skills have as keywords.
const COMMON: &str = "account action address area article asset base block board body book box branch brand break bridge build button call \
     card case cell change channel chapter character chart check class client code color column command comment component condition \
     configuration contact container content context control controller copy cover data date design detail dialog document driver edge editor \
     element entity entry environment error event exception express expression factory feature field file filter flow folder font form format \
     frame function grid group guide handler head header history hook host image index input instance interface issue item job journal key \
     label language layer layout level library line link list listener load location lock log loop mail manager map margin mark market mask \
     master match material media member memory menu message method migration modal mode model module monitor monitoring network node note \
     notification number object operation option order output owner package page pair panel parent part pass path pattern performance \
     permission phase place plan platform player plugin point policy pool port position post power process product profile program project \
     prompt property provider query question queue range react reader record reference region register release render report repository \
     request resource response rest result return review role room root route routing row rule sample scale scene schedule schema scope score \
     screen script search section security select sequence series server service session set setting shape share sheet shell signal site \
     skill slide slot source space spring stack stage state statement step storage store story stream string structure student style styling \
     subject suite support surface switch symbol system tab table tag target task team template term test text theme thread time title token \
     tool topic trace track transaction transfer transform transition translation tree trigger type unit update user utility validation value \
     variable version video view volume watch web widget window word work worker workflow zone";

/// Words of who speaks about programs.
pub(super) const CUES: &[&str] = &[
    "api",
    "app",
    "angular",
    "backend",
    "back-end",
    "bug",
    "button",
    "class",
    "click",
    "code",
    "codebase",
    "commit",
    "compile",
    "component",
    "css",
    "database",
    "deploy",
    "endpoint",
    "field",
    "fields",
    "framework",
    "frontend",
    "front-end",
    "function",
    "git",
    "html",
    "implement",
    "input",
    "java",
    "javascript",
    "js",
    "json",
    "jsx",
    "library",
    "method",
    "middleware",
    "module",
    "npm",
    "python",
    "react",
    "refactor",
    "render",
    "repo",
    "rust",
    "server",
    "sql",
    "stack trace",
    "submit",
    "test",
    "tests",
    "ts",
    "tsx",
    "typescript",
    "ui",
    "unit test",
    "ux",
    "validation",
    "vue",
    "web",
    "website",
    "yaml",
];

/// Whether a keyword is one common word. A name in capitals (`Grid`, `API`) is meant as a name by who wrote it, but reads like the word.
pub(super) fn is_common(keyword: &str) -> bool {
    let word = keyword.trim().to_lowercase();
    let single = word.strip_suffix('s').unwrap_or(&word);
    COMMON.split_ascii_whitespace().any(|common| common == word || common == single)
}

#[cfg(test)]
mod tests {
    use super::is_common;

    #[test]
    fn single_words_of_everybody_are_common() {
        for common in ["form", "Forms", " page ", "express", "service"] {
            assert!(is_common(common), "{common}");
        }
        for other in ["form validation", "microservice", "useForm", "prisma", "skill-rules.json", ""] {
            assert!(!is_common(other), "{other}");
        }
    }
}
