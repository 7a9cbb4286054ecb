//! What is not done here.

const NO_GRAPH: &str =
    "memories are not linked in a graph: use `memory_search`, or tags for what belongs together";
const NO_CONSOLIDATION: &str = "nothing is compressed or forgotten by itself: delete with `memory_delete`, replace with `memory_update` and `versioned`";
const NO_QUALITY: &str = "memories have no ratings: keep yours with `memory_update` in `metadata`";
const NO_DOCUMENTS: &str = "files of the server are not read: store their parts with `memory_store`";
const NO_MODEL: &str = "there is no language model here: store what matters with `memory_store`";
const NO_BELIEFS: &str = "no beliefs are derived, so nothing is in quarantine: use `memory_search`";

/// Tools, and what to use instead.
pub(super) const REFUSED: [(&str, &str); 33] = [
    ("memory_consolidate", NO_CONSOLIDATION),
    ("memory_ingest", NO_DOCUMENTS),
    ("memory_harvest", NO_MODEL),
    ("memory_quality", NO_QUALITY),
    ("memory_graph", NO_GRAPH),
    ("memory_explore", NO_GRAPH),
    ("memory_detail", NO_GRAPH),
    ("memory_conflicts", "contradictions are not looked for: use `memory_search`"),
    (
        "memory_resolve",
        "delete what is wrong with `memory_delete`, or replace it with `memory_update` and `versioned`",
    ),
    ("memory_distill", NO_MODEL),
    ("get_quarantined_memories", NO_BELIEFS),
    ("unquarantine_memory", NO_BELIEFS),
    (
        "commit_session_legacy",
        "store the session with `memory_store_session`, and what was decided with `memory_store`",
    ),
    ("get_bootstrap_profile", "use `memory_search` with the task as `query`, and `agent_id`"),
    ("ingest_document", NO_DOCUMENTS),
    ("ingest_directory", NO_DOCUMENTS),
    ("consolidate_memories", NO_CONSOLIDATION),
    ("consolidation_status", NO_CONSOLIDATION),
    ("consolidation_recommendations", NO_CONSOLIDATION),
    ("scheduler_status", NO_CONSOLIDATION),
    ("trigger_consolidation", NO_CONSOLIDATION),
    ("pause_consolidation", NO_CONSOLIDATION),
    ("resume_consolidation", NO_CONSOLIDATION),
    ("rate_memory", NO_QUALITY),
    ("memory_rate", NO_QUALITY),
    ("get_memory_quality", NO_QUALITY),
    ("analyze_quality_distribution", NO_QUALITY),
    ("find_connected_memories", NO_GRAPH),
    ("find_shortest_path", NO_GRAPH),
    ("get_memory_subgraph", NO_GRAPH),
    ("infer", NO_GRAPH),
    ("get_raw_embedding", "vectors are not given away: use `debug_retrieve` for scores"),
    ("memory_observe", NO_MODEL),
];
