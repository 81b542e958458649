"""Files of others: local paths, hashes, and downloads from a server of the test's own."""

import gc
import hashlib
import logging
import threading
import warnings
from http.server import BaseHTTPRequestHandler, HTTPServer

import pooch
import pytest

from wl.networks.datasets.download import Given, Source, data_folder, given_path, obtain, read_known

CONTENT = b"a,b\n1,2\n"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
GIVEN = Given("toys", "--data", "PERCEPTRON_WL_TOYS")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, no variable, and no proxy between the test and its server."""
    monkeypatch.setenv("PERCEPTRON_WL_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("PERCEPTRON_WL_TOYS", raising=False)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "cache" / "data"


@pytest.fixture
def server():
    """A server of one file; give its address and the requests it got."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):  # name of the library
            asked.append(self.path)
            self.send_response(200 if self.path == "/toys.csv" else 404)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}", asked
        listening.shutdown()
        thread.join()
    with warnings.catch_warnings():  # pooch leaves the connection of a refused file to the collector
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def source(address, sha256=SHA256):
    return Source(GIVEN, "toys.csv", f"{address}/toys.csv", sha256)


def test_a_file_is_downloaded_once_and_quietly(cache, server, caplog, capsys):
    address, asked = server
    level = pooch.get_logger().level
    with caplog.at_level(logging.DEBUG):
        found = obtain(source(address))
        assert obtain(source(address)) == found
    assert (found, found.read_bytes(), asked) == (cache / "toys.csv", CONTENT, ["/toys.csv"])
    assert data_folder() == cache
    assert read_known(source(address), found) == CONTENT
    assert capsys.readouterr() == ("", "")
    assert [record for record in caplog.records if record.name == pooch.get_logger().name] == []
    assert pooch.get_logger().level == level


def test_a_damaged_file_in_the_cache_is_downloaded_again(cache, server):
    cache.mkdir(parents=True)
    (cache / "toys.csv").write_bytes(CONTENT[:3])
    assert obtain(source(server[0])).read_bytes() == CONTENT


def test_another_content_leaves_nothing_behind(cache, server):
    with pytest.raises(ValueError, match=r"toys could not be downloaded from .*/toys\.csv") as caught:
        obtain(source(server[0], "0" * 64))
    assert f"with sha256 {'0' * 64}" in str(caught.value)
    assert SHA256 in str(caught.value)
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("failure", ["refused", "missing page", "no name"])
def test_without_a_network_both_ways_are_told(cache, server, monkeypatch, failure):
    address = {"refused": "http://127.0.0.1:9", "missing page": f"{server[0]}/other", "no name": server[0]}[failure]
    if failure == "no name":

        def retrieve(*arguments, **options):
            raise OSError("Temporary failure in name resolution")

        monkeypatch.setattr(pooch, "retrieve", retrieve)
    with pytest.raises(ValueError, match="toys could not be downloaded") as caught:
        obtain(source(address))
    text = str(caught.value)
    assert "allowed: a network that reaches it, or a local file by --data FILE or by the environment variable" in text
    assert "PERCEPTRON_WL_TOYS=FILE" in text
    assert "\n" not in text
    assert not cache.exists() or list(cache.iterdir()) == []


def test_local_files_come_first(cache, tmp_path, monkeypatch):
    mine, other = tmp_path / "mine.csv", tmp_path / "other.csv"
    for path in (mine, other):
        path.write_bytes(CONTENT)
    unreachable = source("http://127.0.0.1:9")
    assert obtain(unreachable, mine) == mine
    monkeypatch.setenv("PERCEPTRON_WL_TOYS", str(other))
    assert (obtain(unreachable), obtain(unreachable, str(mine))) == (other, mine)
    monkeypatch.setenv("PERCEPTRON_WL_TOYS", "")
    assert given_path(GIVEN) is None


def test_missing_and_changed_local_files(cache, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"--data = '.*none.csv' does not exist; allowed: a file of toys"):
        obtain(source("http://127.0.0.1:9"), tmp_path / "none.csv")
    monkeypatch.setenv("PERCEPTRON_WL_TOYS", str(tmp_path))
    with pytest.raises(ValueError, match=r"PERCEPTRON_WL_TOYS = .* does not exist"):
        obtain(source("http://127.0.0.1:9"))
    changed = tmp_path / "changed.csv"
    changed.write_bytes(CONTENT + b"3,4\n")
    with pytest.raises(ValueError, match=f"toys file '.*changed.csv' has sha256 .*; allowed: {SHA256}, that of http"):
        read_known(source("http://127.0.0.1:9"), changed)
