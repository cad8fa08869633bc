import Foundation
import TestSupport
import Testing
import TwilioSimulator

@Suite("What programs do with the mount", .orderly, .needsFUSE)
struct ProgramTests {
    @Test("ffmpeg decodes every media file without a word")
    func decodeEverything() throws {
        let bench = try MountBench(media: TestMedia.real)
        for (sid, file) in try bench.account.originals() {
            let path = bench.mount.path(of: (sid, file))
            let result = try Command.require(
                ["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-f", "null", "-"], seconds: 120)
            #expect(result.text + result.errorText == "", "\(file.name)")
        }
    }

    @Test("Seeking into an mp4 whose index is at its end reads less than a fifth of it")
    func seekIntoMovie() throws {
        let bench = try MountBench(media: TestMedia.real)
        let original = try bench.account.original("room.mp4")
        try Python.run("index_place", original.file.path)
        let picture = try Command.require([
            "ffmpeg", "-nostdin", "-v", "error", "-ss", "40", "-i", bench.mount.path(of: original), "-frames:v", "1",
            "-f", "framemd5", "-",
        ])
        let expected = try Command.require([
            "ffmpeg", "-nostdin", "-v", "error", "-ss", "40", "-i", original.file.path, "-frames:v", "1",
            "-f", "framemd5", "-",
        ])
        #expect(picture.text == expected.text && !picture.text.isEmpty)
        let sent = bench.account.mediaRequests.filter { $0.host == .media }.reduce(0) { $0 + $1.bodyBytes }
        #expect(sent > 0 && sent < original.file.size / 5, "\(sent) of \(original.file.size) bytes were sent")
    }

    @Test("ffprobe and sox tell of media what it is")
    func probe() throws {
        let bench = try MountBench(media: TestMedia.real)
        for (name, format) in [
            ("room.mp4", "mov"), ("room.webm", "matroska"), ("audio.mka", "matroska"), ("video.mkv", "matroska"),
        ] {
            let result = try Command.require([
                "ffprobe", "-v", "error", "-show_entries", "format=format_name", "-of", "default=nk=1:nw=1",
                bench.path(name),
            ])
            #expect(result.text.hasPrefix(format))
        }
        for (name, channels) in [("mono.wav", "1"), ("stereo.wav", "2")] {
            let path = try bench.path(name)
            #expect(try Command.require(["sox", "--i", "-c", path]).lines == [channels])
            #expect(try Command.require(["sox", "--i", "-r", path]).lines == ["8000"])
        }
    }

    @Test("A second rsync moves nothing and asks for no media, after a remount as well")
    func synchronizeTwice() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let folder = try TemporaryFolder()
        let copy = folder.path("copy")
        let list = "find . -path ./.twiliofs -prune -o -printf '%i %T@ %s %p\\n' | sort"
        var mount = try MountedAccount(account, cacheFolder: folder.path("cache"))
        // The time of a directory is that of its newest recording, which is known when the list is.
        let isListed = try eventually {
            try Command.shell(
                "jq -c '[.lists[].state] | unique' <.twiliofs/status.json", directory: mount.path
            ).lines == [#"["complete"]"#]
        }
        #expect(isListed)
        try Command.require(["rsync", "-a", mount.path + "/", copy])
        let before = try Command.shell(list, directory: mount.path).text
        for round in ["the same mount", "a remount"] {
            if round == "a remount" {
                #expect(try mount.unmount().end == .exited(0))
                mount = try MountedAccount(account, cacheFolder: folder.path("cache"))
            }
            account.clearRequests()
            let second = try Command.require(["rsync", "-ai", mount.path + "/", copy])
            #expect(second.text == "", "\(round)")
            #expect(account.mediaRequests.map(\.path) == [], "\(round)")
            #expect(try Command.shell(list, directory: mount.path).text == before, "\(round): inodes, times, sizes")
        }
        for (sid, file) in try account.originals() {
            let path = "\(copy)/\(file.mountedPath(sid: sid))"
            #expect(try Command.require(["sha256sum", path]).text.prefix(64) == file.sha256[...])
        }
    }

    @Test("cp and tar copy everything")
    func copyTree() throws {
        let bench = try MountBench()
        let folder = try TemporaryFolder()
        try Command.require(["cp", "-a", bench.mount.path + "/.", folder.folder("cp")])
        try Command.shell(
            #"tar -C "$1" -cf - . | tar -C "$2" -xf -"#, bench.mount.path, try folder.folder("tar"))
        for name in ["cp", "tar"] {
            try Command.require(["diff", "-r", "--exclude=.twiliofs", bench.mount.path, folder.path(name)])
            for (sid, file) in try bench.account.originals() {
                let path = "\(folder.path(name))/\(file.mountedPath(sid: sid))"
                #expect(try Command.require(["sha256sum", path]).text.prefix(64) == file.sha256[...])
            }
        }
    }

    @Test("find, ls, du, df and stat agree about what there is")
    func listings() throws {
        let bench = try MountBench()
        let originals = try bench.account.originals()
        let total = originals.values.reduce(0) { $0 + $1.size }
        let media = "recordings video-recordings compositions"
        #expect(try bench.shell("find \(media) -type f | wc -l").lines == ["\(originals.count)"])
        #expect(try bench.shell("find metadata -type f | wc -l").lines == ["\(originals.count)"])
        #expect(
            try bench.shell("ls -lR \(media) | awk '/^-rw------- /{sum += $5} END {print sum}'").lines == ["\(total)"])
        let used = try bench.shell("find \(media) -type f -print0 | du -cb --files0-from=- | tail -1 | cut -f1")
        #expect(used.lines == ["\(total)"])
        #expect(
            try bench.shell("stat -f -c %T .").lines == ["fuseblk"]
                || bench.shell("stat -f -c %t .").lines == ["65735546"])
        let room = try bench.shell("df -B4K --output=used,iused,pcent,ipcent . | tail -1").text.split {
            $0.isWhitespace
        }
        // Blocks that are begun count as used, as everywhere; alarms look at the percentage.
        #expect(room.map(String.init) == ["\((total + 4095) / 4096)", "\(originals.count)", "1%", "1%"])
        #expect(
            try bench.shell("df --output=source . | tail -1").lines == [
                "twilio:\(bench.account.sid)"
            ])
    }

    @Test("getfattr tells a recording's facts")
    func extendedAttributes() throws {
        let bench = try MountBench()
        let original = try bench.account.original("long.wav")
        let attributes = try Command.require(["getfattr", "--absolute-names", "-d", bench.mount.path(of: original)])
            .lines
        #expect(attributes.contains(#"user.twilio.sid="\#(original.sid)""#))
        #expect(attributes.contains(#"user.twilio.encryption="aes-256-gcm""#))
        #expect(attributes.contains(#"user.twilio.public_key_sid="\#(bench.account.simulator.publicKeySID ?? "")""#))
        // The size of the list has room for names that become known before the list is asked for.
        let sizes = try Python.run("attribute_list", bench.mount.path(of: original)).lines.compactMap { Int($0) }
        #expect(sizes.count == 2 && sizes[1] > 0 && sizes[1] < sizes[0], "\(sizes)")
        #expect(try Python.run("attribute_list", "\(bench.mount.path)/recordings").lines == ["0"])
        let missing = try Command.run(["getfattr", "-n", "user.nothing", bench.mount.path(of: original)])
        #expect(missing.errorText.contains("No such attribute"))
    }

    @Test("Metadata is the JSON of the resource")
    func metadata() throws {
        let bench = try MountBench()
        for (sid, file) in try bench.account.originals() {
            let result = try bench.shell("jq -r .sid <\"metadata/$1\"", "\(file.kind.rawValue)s/\(sid).json")
            #expect(result.lines == [sid])
        }
        let sizes = try bench.shell(
            #"find metadata -type f | while read f; do [ "$(stat -c %s $f)" = "$(cat $f | wc -c)" ] || echo $f; done"#)
        #expect(sizes.text == "", "the size is that of the JSON")
    }

    @Test("The mount tells about itself")
    func control() throws {
        let bench = try MountBench()
        try bench.shell("ls recordings video-recordings compositions >/dev/null")
        let status = try bench.shell(
            "jq -r '.account, .lists.recordings.state, .lists.recordings.recordings' <.twiliofs/status.json")
        #expect(status.lines == [bench.account.sid, "complete", "3"])
        #expect(try bench.shell("cat .twiliofs/version").text.hasPrefix("twiliofs "))
    }
}
