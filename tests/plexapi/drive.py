"""Drives the stand-in Plex with the real python-plexapi, unmodified.

    drive.py ADDRESSES FOLDER

ADDRESSES is what the sandbox prints about its Plex, as JSON; FOLDER is the folder that its library
"Videos" scans. Prints one line of JSON per check: its name, and the error if it failed. Only the
transport is bent: what the client sends to https://plex.tv and https://clients.plex.tv goes to the
stand-in.
"""

import json
import pathlib
import shutil
import sys
import threading
import time
import traceback
import urllib.request

import requests
from plexapi.alert import AlertListener
from plexapi.exceptions import BadRequest, NotFound, Unauthorized
from plexapi.myplex import MyPlexAccount, MyPlexPinLogin
from plexapi.server import PlexServer
from requests.adapters import HTTPAdapter

addresses = json.loads(sys.argv[1])
folder = pathlib.Path(sys.argv[2])
TV, PMS = addresses["tv_url"], addresses["server_url"]
OWNER, MACHINE = addresses["owner_token"], addresses["machine_id"]
CHECKS = []


class ToTheStandIn(HTTPAdapter):
    def send(self, request, **kwargs):
        for real in ("https://plex.tv", "https://clients.plex.tv"):
            if request.url.startswith(real):
                request.url = TV + request.url[len(real):]
        return super().send(request, **kwargs)


def session():
    made = requests.Session()
    for real in ("https://plex.tv", "https://clients.plex.tv"):
        made.mount(real, ToTheStandIn())
    return made


def check(function):
    CHECKS.append(function)
    return function


def server(token=OWNER):
    return PlexServer(PMS, token, session=session())


def account(token=OWNER):
    return MyPlexAccount(token=token, session=session())


def approve(code, user):
    request = urllib.request.Request(f"{TV}/_fake/approve?code={code}&user={user}", method="POST")
    urllib.request.urlopen(request).close()


def signed_in(user):
    pin = MyPlexPinLogin(session=session(), headers={"X-Plex-Client-Identifier": f"tests-{user}"})
    approve(pin.pin, user)
    assert pin.checkLogin(), "the claimed pin has no token"
    return pin.token


def raises(error, function):
    try:
        function()
    except error:
        return
    raise AssertionError(f"no {error.__name__}")


def titles(items):
    return [item.title for item in items]


def eventually(what, look, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"never: {what}")


# --- plex.tv


@check
def a_short_pin_is_unclaimed_then_claimed():
    pin = MyPlexPinLogin(session=session(), headers={"X-Plex-Client-Identifier": "tests-short"})
    assert len(pin.pin) == 4, pin.pin
    assert not pin.checkLogin() and not pin.token, "nobody has claimed it yet"
    approve(pin.pin, "owner")
    assert pin.checkLogin() and account(pin.token).title == "Anna"


@check
def a_strong_pin_has_a_sign_in_address():
    pin = MyPlexPinLogin(session=session(), oauth=True, headers={"X-Plex-Client-Identifier": "tests-strong"})
    url = pin.oauthUrl(forwardUrl="http://portal.example/back")
    assert "code=" in url and "clientID=tests-strong" in url and "forwardUrl=" in url, url
    assert len(pin._code) > 20, pin._code


@check
def a_pin_is_polled_in_the_background():
    pin = MyPlexPinLogin(session=session(), headers={"X-Plex-Client-Identifier": "tests-polled"})
    pin.run(timeout=20)
    approve(pin.pin, "friend")
    assert pin.waitForLogin() and account(pin.token).username == "mia.k"


@check
def a_pin_is_bound_to_its_client():
    pin = MyPlexPinLogin(session=session(), headers={"X-Plex-Client-Identifier": "tests-mine"})
    assert pin.pin
    answer = session().get(f"https://plex.tv/api/v2/pins/{pin._id}", headers={"X-Plex-Client-Identifier": "tests-other"})
    assert answer.status_code == 404 and 'code="1020"' in answer.text, answer.text


@check
def polling_too_fast_is_refused():
    headers = {"X-Plex-Client-Identifier": "tests-hasty", "Accept": "application/json"}
    made = session().post("https://plex.tv/api/v2/pins", headers=headers).json()
    seen = [session().get(f"https://plex.tv/api/v2/pins/{made['id']}", headers=headers) for _ in range(12)]
    assert [answer.status_code for answer in seen][0] == 200
    refused = [answer.json()["errors"][0]["code"] for answer in seen if answer.status_code == 429]
    assert refused and set(refused) == {1003}, refused


@check
def an_account_knows_who_it_is():
    me = account()
    assert (me.id, me.username, me.email) == (4100001, "anna", "anna@household.example")
    raises(Unauthorized, lambda: account("wrong"))


@check
def the_owner_finds_the_server_and_connects():
    server_of_mine = next(found for found in account().resources() if "server" in found.provides)
    assert server_of_mine.clientIdentifier == MACHINE and server_of_mine.owned
    assert server_of_mine.connect(ssl=False, timeout=5).machineIdentifier == MACHINE


@check
def a_friend_is_a_member_with_a_token_of_their_own():
    token = signed_in("friend")
    found = next(found for found in account(token).resources() if "server" in found.provides)
    assert found.clientIdentifier == MACHINE and not found.owned and found.accessToken != token
    raises(Unauthorized, lambda: server(token))
    assert titles(server(found.accessToken).library.sections()) == ["Movies", "TV Shows", "Videos"]


@check
def a_friend_sees_only_what_is_shared():
    found = next(found for found in account(signed_in("friend2")).resources() if "server" in found.provides)
    theirs = server(found.accessToken)
    assert titles(theirs.library.sections()) == ["Movies"]
    raises(NotFound, lambda: theirs.fetchItem(10000))
    assert theirs.search("Eleven Tides") == []


@check
def a_stranger_is_no_member():
    resources = account(signed_in("stranger")).resources()
    assert not [found for found in resources if found.clientIdentifier == MACHINE]


@check
def the_owner_sees_with_whom_the_server_is_shared():
    shares = {user.title: [share.machineIdentifier for share in user.servers] for user in account().users()}
    assert shares == {"Mia": [MACHINE], "Jonas": [MACHINE], "Lotte": [MACHINE]}, shares


@check
def a_ping_keeps_a_token_alive():
    assert account().ping()


# --- the media server


@check
def the_server_says_what_it_is():
    plex = server()
    assert plex.friendlyName == "Attic" and plex.machineIdentifier == MACHINE and plex.version.startswith("1.43")
    raises(Unauthorized, lambda: server("wrong"))
    assert session().get(f"{PMS}/identity").status_code == 200
    assert plex.identity().claimed


@check
def xml_is_the_default():
    answer = session().get(f"{PMS}/library/sections", headers={"X-Plex-Token": OWNER})
    assert answer.headers["Content-Type"].startswith("text/xml") and "<MediaContainer" in answer.text
    answer = session().get(f"{PMS}/library/sections", headers={"X-Plex-Token": OWNER, "Accept": "application/json"})
    assert answer.json()["MediaContainer"]["Directory"][0]["key"] == "1"


@check
def libraries_are_listed():
    sections = server().library.sections()
    assert [(it.title, it.type, it.agent) for it in sections] == [
        ("Movies", "movie", "tv.plex.agents.movie"),
        ("TV Shows", "show", "tv.plex.agents.series"),
        ("Videos", "movie", "com.plexapp.agents.none"),
    ]
    assert sections[2].locations == [addresses.get("videos_as", str(folder))], sections[2].locations


@check
def a_library_is_read_whole_and_by_pages():
    movies = server().library.section("Movies")
    whole = titles(movies.all())
    assert len(whole) == movies.totalSize >= 20 and len(set(whole)) == len(whole)
    small = movies.all(container_size=5)
    assert titles(small) == whole
    page = movies.search(maxresults=4, container_start=3, container_size=2)
    assert titles(page) == whole[3:7], titles(page)


@check
def sorting_sorts():
    movies = server().library.section("Movies")
    newest = movies.search(sort="addedAt:desc")
    assert [it.addedAt for it in newest] == sorted((it.addedAt for it in newest), reverse=True)
    assert newest[0].title == "Far Signal", newest[0].title
    oldest = movies.search(sort="addedAt:asc")
    assert titles(oldest) == titles(newest)[::-1]
    by_title = titles(movies.search(sort="titleSort:asc"))
    assert by_title.index("The Long Ferry") < by_title.index("Low Orbit") < by_title.index("Mistral"), by_title
    assert [it.year for it in movies.search(sort="year:desc")][0] == 2026
    assert titles(movies.recentlyAdded(maxresults=3)) == titles(newest)[:3]


@check
def filters_filter():
    plex = server()
    movies = plex.library.section("Movies")
    everything = movies.all()
    assert titles(movies.search(year=2024)) == titles(it for it in everything if it.year == 2024)
    assert titles(movies.search(**{"year>>": 2024})) == titles(it for it in everything if it.year > 2024)
    drama = movies.search(genre="Drama")
    assert drama and all("Drama" in [tag.tag for tag in plex.fetchItem(it.ratingKey).genres] for it in drama[:4])
    assert len(drama) < len(everything)
    assert titles(movies.search(title="orbit")) == ["Low Orbit"]
    assert titles(movies.search(**{"title==": "Low Orbit"})) == ["Low Orbit"]
    assert titles(movies.search(resolution="4k")) == titles(it for it in everything if it.media[0].videoResolution == "4k")
    unwatched = movies.search(unwatched=True)
    assert unwatched and len(unwatched) < len(everything) and not any(it.isPlayed for it in unwatched)
    assert titles(movies.search(**{"addedAt>>": "3d"})) == titles(
        it for it in everything if it.addedAt.timestamp() > time.time() - 3 * 86400 - 3700)


@check
def letters_count_the_library():
    movies = server().library.section("Movies")
    letters = {it.title: int(it.size) for it in movies.firstCharacter()}
    assert sum(letters.values()) == movies.totalSize and letters["#"] == 2 and letters["Ü"] == 1, letters


@check
def an_item_has_people_files_and_other_ids():
    movie = server().library.section("Movies").get("Glass Harbour")
    assert "tmdb://900101" in [guid.id for guid in movie.guids]
    movie.reload()
    assert movie.roles[0].role and movie.directors and movie.duration == 124 * 60000
    assert movie.media[0].parts[0].file.endswith("Glass Harbour (2026).mkv")
    raises(NotFound, lambda: server().fetchItem(999_999))


@check
def a_show_has_seasons_and_episodes():
    show = server().library.section("TV Shows").get("Eleven Tides")
    assert [season.index for season in show.seasons()] == [1, 2, 3]
    assert len(show.episodes()) == 26 and show.season(3).leafCount == 6
    episode = show.episode(season=1, episode=2)
    assert (episode.parentIndex, episode.index, episode.grandparentTitle) == (1, 2, "Eleven Tides")


@check
def hubs_and_shelves_are_filled():
    plex = server()
    assert "Continue Watching" in titles(plex.library.hubs())
    assert "The Long Ferry" in titles(plex.library.onDeck())
    assert plex.library.recentlyAdded()
    assert plex.library.section("Movies").get("Glass Harbour").hubs()[0].items


@check
def searching_finds_titles_people_and_collections():
    plex = server()
    assert "Low Orbit" in titles(plex.search("low orb"))
    assert titles(plex.search("Eleven Tides", mediatype="show")) == ["Eleven Tides"]
    found = session().get(
        f"{PMS}/hubs/search?query=a", headers={"X-Plex-Token": OWNER, "Accept": "application/json"}).json()
    sizes = [hub["size"] for hub in found["MediaContainer"]["Hub"]]
    assert max(sizes) == 3, sizes
    raises(BadRequest, lambda: plex.query("/hubs/search?query="))


@check
def a_collection_is_made_filled_ordered_renamed_and_deleted():
    plex = server()
    movies = plex.library.section("Movies")
    first, second, third = movies.all()[:3]
    made = movies.createCollection("For Saturday", items=[first])
    made.addItems([second, third])
    assert titles(made.reload().items()) == titles([first, second, third])
    made.addItems([second])
    assert made.reload().childCount == 3
    made.moveItem(third, after=first)
    assert titles(made.reload().items()) == titles([first, third, second])
    made.moveItem(second)
    assert titles(made.reload().items()) == titles([second, first, third])
    made.removeItems([first])
    assert titles(made.reload().items()) == titles([second, third])
    made.editTitle("For Sunday & Monday").editSummary("What is left.")
    again = movies.collection("For Sunday & Monday")
    assert again.ratingKey == made.ratingKey and again.summary == "What is left."
    again.delete()
    assert "For Sunday & Monday" not in titles(movies.collections())


@check
def a_collection_is_made_and_left_by_its_tag():
    movie = server().library.section("Movies").get("Nightjar")
    movie.addCollection("A tag, with % & a comma")
    assert "A tag, with % & a comma" in [tag.tag for tag in movie.reload().collections]
    movie.removeCollection("A tag, with % & a comma")
    assert "A tag, with % & a comma" not in [tag.tag for tag in movie.reload().collections]


@check
def pictures_are_pictures():
    plex = server()
    movie = plex.library.section("Movies").get("Mistral")
    for url in (movie.thumbUrl, movie.artUrl, plex.transcodeImage(movie.thumb, height=300, width=200)):
        answer = session().get(url)
        assert answer.status_code == 200 and answer.content[:3] == b"\xff\xd8\xff", (url, answer.status_code)
    refused = session().get(f"{PMS}{movie.thumb}")
    assert refused.status_code == 401, refused.status_code


@check
def parts_are_read_by_ranges():
    movie = server().library.section("Movies").get("Mistral")
    url = PMS + movie.media[0].parts[0].key
    answer = session().get(url, headers={"X-Plex-Token": OWNER, "Range": "bytes=10-19"})
    assert answer.status_code == 206 and len(answer.content) == 10, answer.status_code
    assert answer.headers["Content-Range"] == f"bytes 10-19/{movie.media[0].parts[0].size}"


@check
def nobody_plays_and_nothing_runs():
    plex = server()
    assert plex.sessions() == [] and plex.activities == []


@check
def watching_is_remembered():
    movie = server().library.section("Movies").get("Winter Ledger")
    movie.markPlayed()
    assert movie.reload().isPlayed
    movie.markUnplayed()
    assert not movie.reload().isPlayed


@check
def a_dropped_file_is_scanned_announced_and_found():
    plex = server()
    videos = plex.library.section("Videos")
    location = videos.locations[0]
    frames, done = [], threading.Event()

    def heard(frame):
        frames.append(frame)
        for entry in frame.get("TimelineEntry", []):
            if entry["sectionID"] == str(videos.key) and entry["state"] == 5:
                done.set()

    listener = AlertListener(plex, heard, lambda error: frames.append({"type": "error", "error": str(error)}))
    listener.start()
    try:
        # The socket says nothing when it is open; an edit makes it speak.
        movie = plex.library.section("Movies").get("Mistral")
        eventually("the socket is open", lambda: movie.editSummary(movie.summary) and frames)
        channel = folder / "A New Channel & more"
        channel.mkdir()
        name = "A dropped film [abcdefghijk].mp4"
        shutil.copyfile(__file__, channel / ".hidden.mp4")
        shutil.copyfile(__file__, channel / name)
        began = len(videos.all())
        videos.update(path=f"{location}/A New Channel & more/{name}")
        time.sleep(0.5)
        assert len(videos.all()) == began, "a scan of a file must find nothing"
        videos.update(path=f"{location}/A New Channel & more")
        assert len(videos.all()) == began, "the scan must take its time"
        assert done.wait(10), frames
    finally:
        listener.stop()
    kinds = {frame["type"] for frame in frames}
    assert {"timeline", "activity", "status"} <= kinds, kinds
    wanted = f"{location}/A New Channel & more/{name}"
    found = [it for it in videos.search(sort="addedAt:desc") for media in it.media for part in media.parts
             if part.file == wanted]
    assert len(found) == 1 and found[0].title == name.removesuffix(".mp4"), found
    assert found[0].guid.startswith("com.plexapp.agents.none://"), found[0].guid
    found[0].editTitle("A dropped film").editSummary("By hand.")
    again = plex.fetchItem(found[0].ratingKey)
    assert (again.title, again.summary) == ("A dropped film", "By hand.")
    assert found[0].ratingKey in [it.ratingKey for it in videos.createCollection("A list", items=[again]).items()]
    (channel / name).unlink()
    videos.update(path=f"{location}/A New Channel & more")
    eventually("the film is gone", lambda: len(videos.all()) == began)
    assert videos.collections() == []


@check
def only_the_owner_may_change_things():
    found = next(found for found in account(signed_in("friend")).resources() if "server" in found.provides)
    theirs = server(found.accessToken)
    answer = session().get(f"{PMS}/library/sections/3/refresh", headers={"X-Plex-Token": found.accessToken})
    assert answer.status_code == 403 and "<h1>403 Forbidden</h1>" in answer.text
    movies = theirs.library.section("Movies")
    raises(BadRequest, lambda: movies.createCollection("Mine", items=movies.all()[:1]))


def main():
    failed = 0
    for function in CHECKS:
        began = time.monotonic()
        line = {"check": function.__name__.replace("_", " ")}
        try:
            function()
        except Exception:  # Whatever it was, the other checks are still worth something.
            line["error"] = traceback.format_exc()
            failed += 1
        line["ms"] = round((time.monotonic() - began) * 1000)
        print(json.dumps(line), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
