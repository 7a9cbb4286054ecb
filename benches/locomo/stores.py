"""What is measured beside mcp-memory: each peer as it is by default, a store of its own for every conversation."""

from __future__ import annotations

import asyncio
import importlib
import pathlib
import sqlite3
import sys

import harness
import minilm_onnx

# Where chromadb and mcp-memory-service look for the model below the home folder.
CACHES = [".cache/chroma/onnx_models/all-MiniLM-L6-v2/onnx", ".cache/mcp_memory/onnx_models/all-MiniLM-L6-v2/onnx"]


class Chroma:
    """A collection on the disk.

    Its default embedding function loads the model anew for every call. Here the model is loaded once, which gives the same vectors sooner.
    """

    package = "chromadb"
    ways = slow_ways = [""]

    def __init__(self, folder: pathlib.Path, number: int) -> None:
        import chromadb
        from chromadb.utils.embedding_functions import ONNXMiniLM_L6_V2

        model = ONNXMiniLM_L6_V2()
        minilm_onnx.check(model([minilm_onnx.KNOWN[0]])[0], self.package)
        client = chromadb.PersistentClient(str(folder), chromadb.Settings(anonymized_telemetry=False))
        self.collection = client.create_collection(f"conversation-{number}", embedding_function=model)

    def store(self, sessions: list[list[str]]) -> int:
        """How many turns were refused."""
        first = 0
        for session in sessions:
            self.collection.add(ids=[str(first + at) for at in range(len(session))], documents=session)
            first += len(session)
        return first - self.collection.count()

    def search(self, way: str, question: str) -> list[int]:
        return [int(found) for found in self.collection.query(query_texts=[question], n_results=10)["ids"][0]]

    def forget_vectors(self) -> None:
        """It keeps none of questions."""

    def close(self) -> None:
        """The collection goes with its folder."""


class Doobidoo:
    """A store of its storage class on sqlite-vec, as `memory_store` and `memory_search` use it."""

    package = "mcp-memory-service"
    ways, slow_ways = ["semantic"], ["semantic", "hybrid"]
    keeps_all = False

    def __init__(self, folder: pathlib.Path, number: int) -> None:
        storage = importlib.import_module("mcp_memory_service.storage.sqlite_vec").SqliteVecMemoryStorage
        self.loop = asyncio.new_event_loop()
        self.storage = storage(str(folder / f"conversation-{number}.db"))
        self.places = {}
        self._wait(self.storage.initialize())
        minilm_onnx.check(self.storage.embedding_model.encode([minilm_onnx.KNOWN[0]])[0], self.package)

    def _wait(self, coroutine):
        return self.loop.run_until_complete(coroutine)

    def store(self, sessions: list[list[str]]) -> int:
        from mcp_memory_service.models.memory import Memory
        from mcp_memory_service.utils.hashing import generate_content_hash

        refused = 0
        for place, text in enumerate(turn for session in sessions for turn in session):
            memory = Memory(content=text, content_hash=generate_content_hash(text))
            stored, why = self._wait(self.storage.store(memory, skip_semantic_dedup=self.keeps_all))
            if stored:
                self.places[memory.content_hash] = place
            elif why.startswith("Duplicate content"):
                refused += 1
            else:
                raise harness.Broken(f"mcp-memory-service did not store turn {place}: {why}")
        return refused

    def search(self, way: str, question: str) -> list[int]:
        retrieve = self.storage.retrieve_hybrid if way == "hybrid" else self.storage.retrieve
        found = self._wait(retrieve(question, n_results=10))
        if not found:
            # It answers nothing where it failed, and logs why.
            raise harness.Broken(f"mcp-memory-service found nothing for `{question}`")
        return [self.places[result.memory.content_hash] for result in found]

    def forget_vectors(self) -> None:
        """A question's vector is made anew for each way, as it would be."""
        importlib.import_module("mcp_memory_service.storage.mixins.embeddings").clear_model_caches()

    def close(self) -> None:
        self._wait(self.storage.close())
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()


class DoobidooKeepsAll(Doobidoo):
    """The same as `memory_store` with a `conversation_id` has it: no turn is refused for being similar."""

    keeps_all = True


ALL = {"chromadb": Chroma, "mcp-memory-service": Doobidoo, "mcp-memory-service, conversation named": DoobidooKeepsAll}


def sqlite_with_extensions() -> None:
    """sqlite-vec is an extension, which some builds of Python cannot load: they get the package that can."""
    if not hasattr(sqlite3.Connection, "enable_load_extension"):
        sys.modules["sqlite3"] = importlib.import_module("pysqlite3")
