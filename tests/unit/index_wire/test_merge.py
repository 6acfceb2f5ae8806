from __future__ import annotations

from envcensus._kernels import page as kernel
from envcensus.index.find_links import file_url, from_directory
from envcensus.index.merge import Source, merge
from envcensus.index.places import html_names
from envcensus.index.unpack import unpack
from envcensus.model.page import File, ProjectPage

TARGET = kernel.Target(python="3.11", tags=["py3-none-any"])
A, B, C = (f"https://{letter}.example.com/simple/demo/" for letter in "abc")


def source(url: str, *names: str, sha: str = "", **fields: object) -> Source:
    hashes = {"sha256": sha * 64} if sha else {}
    files = tuple(File(filename=name, url=url + name, hashes=hashes) for name in names)
    return Source(url, *kernel.pack(ProjectPage(name="demo", files=files, **fields)))  # type: ignore[arg-type]


def urls(record: bytes) -> list[str]:
    return [file.url for file in kernel.files(record, None, File)]


def test_best_version_wins_wherever_it_is() -> None:
    merged = merge([source(A, "demo-1.0.tar.gz", "demo-3.0.tar.gz"), source(B, "demo-2.0.tar.gz")])
    assert kernel.versions(merged.record) == ["3.0", "2.0", "1.0"]
    found = kernel.latest(merged.record, TARGET)
    assert found is not None
    assert found[0] == "3.0"


def test_earlier_places_win_between_equals() -> None:
    merged = merge([source(A, "demo-1.0.tar.gz"), source(B, "demo-1.0.tar.gz")])
    assert urls(merged.files) == [A + "demo-1.0.tar.gz", B + "demo-1.0.tar.gz"]


def test_the_same_file_is_taken_once() -> None:
    merged = merge([source(A, "demo-1.0.tar.gz", sha="a"), source(B, "demo-1.0.tar.gz", "demo-1.1.tar.gz", sha="a")])
    assert urls(merged.files) == [B + "demo-1.1.tar.gz", A + "demo-1.0.tar.gz"]


def test_other_contents_under_one_name_are_told() -> None:
    merged = merge([source(A, "demo-1.0.tar.gz", sha="a"), source(B, "demo-1.0.tar.gz", sha="b")])
    assert len(urls(merged.files)) == 2
    assert (
        "the same file has other contents at https://b.example.com/simple than elsewhere: demo-1.0.tar.gz"
        in merged.notes
    )


def test_first_match_takes_one_index() -> None:
    merged = merge([source(A, "demo-1.0.tar.gz"), source(B, "demo-2.0.tar.gz")], "first-match")
    assert kernel.versions(merged.record) == ["1.0"]
    assert merged.notes == (f"also offered by {B}, which first-match leaves out",)


def test_one_source_passes_through() -> None:
    only = source(A, "demo-1.0.tar.gz")
    merged = merge([only])
    assert (merged.record, merged.files, merged.notes) == (only.record, only.files, ())


def test_indexes_that_do_not_name_each_other_are_told() -> None:
    merged = merge([source(A, "demo-1.0.tar.gz"), source(B, "demo-2.0.tar.gz")])
    places = "https://a.example.com/simple, https://b.example.com/simple"
    assert merged.notes == (f"offered by indexes that do not name each other (PEP 708): {places}",)


def test_tracks_and_alternates_are_respected() -> None:
    tracking = merge([source(A, "demo-1.0.tar.gz", tracks=(B,)), source(B, "demo-2.0.tar.gz")])
    assert tracking.notes == ()
    assert kernel.info(tracking.record).tracks == (B,)
    apart = [source(u, f"demo-{i}.tar.gz", alternates=(A, B)) for i, u in enumerate((A, B), 1)]
    assert merge(apart).notes == ()
    assert merge([*apart, source(C, "demo-9.tar.gz")]).notes  # a stranger beside two that know each other
    local = source("file:///wheels", "demo-1.0.zip")
    assert merge([local, source(A, "demo-2.0.zip")]).notes == ()


def test_the_gravest_status_is_kept() -> None:
    merged = merge(
        [
            source(A, "demo-1.0.zip", status="archived"),
            source(B, status="quarantined", status_reason="malware"),
            source(C, "demo-2.0.zip"),
        ]
    )
    info = kernel.info(merged.record)
    assert (info.status, info.status_reason) == ("quarantined", "malware")


def test_directories() -> None:
    names = [
        "demo-1.0.tar.gz",
        "Demo-1.1-py3-none-any.whl",
        "demo_x-1.0.tar.gz",
        "links.html",
        "demo-1.2.tar.bz2",
        "a\n",
    ]
    record, files = kernel.pack(from_directory("/srv/my wheels/", names, "demo"))
    assert kernel.versions(record) == ["1.1", "1.0"]
    assert urls(files)[1] == "file:///srv/my%20wheels/demo-1.0.tar.gz"
    assert html_names(names) == ["links.html"]
    assert len(from_directory("/srv", names, "demo").files) == 3
    assert file_url("/a/\udcff") == "file:///a/%FF"


def test_pages_of_links_hold_many_projects() -> None:
    html = b"<a href='demo-1.0.tar.gz'><a href='other-2.0.tar.gz'><a href='sub/demo-1.1.zip'>"
    record, files = kernel.pack_html(html, "file:///srv/links.html", "demo")
    assert kernel.versions(record) == ["1.1", "1.0"]
    assert urls(files) == ["file:///srv/sub/demo-1.1.zip", "file:///srv/demo-1.0.tar.gz"]
    limited = kernel.Target(python="3.11", tags=[], uploaded_prior_to=1.0)
    assert kernel.latest(record, limited) is not None  # files of this machine are exempt from the limit


def test_unpack_inverts_pack() -> None:
    page = ProjectPage(
        name="demo",
        files=(File(filename="demo-1.0.zip", url=A + "demo-1.0.zip", size=3, yanked="", upload_time=5.5),),
        versions=("1.0",),
        status="deprecated",
        status_reason="old",
        tracks=(B,),
        alternates=(C,),
    )
    assert unpack(*kernel.pack(page)) == page
