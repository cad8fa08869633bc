import Foundation
import TestSupport
import Testing
import TwilioSimulator

@Suite("What is read through the mount", .orderly, .needsFUSE)
struct ContentTests {
    @Test("Every file of every kind has its original's size and checksum")
    func everyFile() throws {
        let bench = try MountBench(media: TestMedia.real)
        let originals = try bench.account.originals().values
        #expect(Set(originals.map { "\($0.kind) \($0.encrypted)" }).count == 6, "each kind, sealed and not")
        #expect(try bench.mount.differences(from: bench.account) == [])
    }

    @Test("Sizes at which blocks begin and end are exact, and so is what they hold")
    func blockBoundaries() throws {
        let bench = try MountBench()
        #expect(try bench.mount.differences(from: bench.account) == [])
    }

    @Test("500 random reads of each file give the original's bytes")
    func randomReads() throws {
        let bench = try MountBench(media: TestMedia.real)
        for (sid, file) in try bench.account.originals() {
            try python(
                """
                import os, random, sys
                random.seed(7)
                mounted, original = (os.open(path, os.O_RDONLY) for path in sys.argv[1:3])
                size = os.fstat(original).st_size
                assert os.fstat(mounted).st_size == size
                for _ in range(500):
                    offset = random.randrange(size + 1)
                    count = random.choice([1, 16, 17, 512, 4096, 4097, 65536, 200000])
                    got, want = os.pread(mounted, count, offset), os.pread(original, count, offset)
                    assert got == want, f"{len(got)} bytes at {offset} of {sys.argv[1]} are wrong"
                assert os.pread(mounted, 10, size) == b"" and os.pread(mounted, 10, size + 1000) == b""
                """, bench.mount.path(of: (sid, file)), file.path)
        }
    }

    @Test("A file mapped into memory is the original")
    func memoryMapping() throws {
        let bench = try MountBench(media: TestMedia.real)
        for name in ["room.mp4", "stereo.wav", "old.webm"] {
            let original = try bench.account.original(name)
            try python(
                """
                import mmap, sys
                files = [open(path, "rb") for path in sys.argv[1:3]]
                mapped, original = (mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) for file in files)
                assert len(mapped) == len(original)
                # The end first, then the middle: pages are asked for in no order.
                for start in [len(original) - 5000, len(original) // 2, 0]:
                    assert mapped[start:start + 5000] == original[start:start + 5000]
                assert mapped[:] == original[:]
                """, bench.mount.path(of: original), original.file.path)
        }
    }

    @Test("Two readers of one file from opposite ends both get the original")
    func oppositeReaders() throws {
        let bench = try MountBench(media: TestMedia.real)
        let original = try bench.account.original("room.mp4")
        let script = """
            import hashlib, os, sys
            file = os.open(sys.argv[1], os.O_RDONLY)
            size, step = os.fstat(file).st_size, 100_000
            offsets = list(range(0, size, step))
            if sys.argv[2] == "backwards": offsets.reverse()
            parts = {offset: os.pread(file, step, offset) for offset in offsets}
            print(hashlib.sha256(b"".join(parts[offset] for offset in sorted(parts))).hexdigest())
            """
        let readers = try ["forwards", "backwards"].map {
            try RunningCommand(["/usr/bin/python3", "-ISc", script, bench.mount.path(of: original), $0])
        }
        for reader in readers {
            #expect(try reader.wait().lines == [original.file.sha256], "\(reader.errorText)")
        }
    }

    @Test("Eight readers at once get the original, which is fetched once")
    func eightReaders() throws {
        let bench = try MountBench(media: TestMedia.real)
        let original = try bench.account.original("room.webm")
        bench.account.clearRequests()
        let readers = try (0..<8).map { _ in try RunningCommand(["sha256sum", bench.mount.path(of: original)]) }
        for reader in readers {
            #expect(try reader.wait().text.prefix(64) == original.file.sha256[...])
        }
        let sent = bench.account.mediaRequests.filter { $0.host == .media }.reduce(0) { $0 + $1.bodyBytes }
        #expect(sent < original.file.size * 3 / 2, "eight readers share what is fetched")
    }

    @Test("A read in the middle fetches the ranges that it needs, not the file")
    func middleOfFile() throws {
        let bench = try MountBench(media: TestMedia.real)
        let original = try bench.account.original("room.mp4")
        try python(
            """
            import os, sys
            mounted, original = (os.open(path, os.O_RDONLY) for path in sys.argv[1:3])
            offset = os.fstat(original).st_size // 2
            assert os.pread(mounted, 4096, offset) == os.pread(original, 4096, offset)
            """, bench.mount.path(of: original), original.file.path)
        let requests = bench.account.mediaRequests.filter { $0.host == .media }
        #expect(!requests.isEmpty)
        #expect(requests.allSatisfy { $0.range != nil && $0.status == 206 })
        #expect(requests.reduce(0) { $0 + $1.bodyBytes } < 2 << 20)
    }

    @Test("Random reads fetch ranges, and no byte much more than once")
    func rangesOnly() throws {
        let bench = try MountBench(media: TestMedia.real)
        let original = try bench.account.original("room.mp4")
        try python(
            """
            import os, random, sys
            random.seed(3)
            mounted, original = (os.open(path, os.O_RDONLY) for path in sys.argv[1:3])
            size = os.fstat(original).st_size
            for _ in range(10):
                offset = random.randrange(size)
                assert os.pread(mounted, 1000, offset) == os.pread(original, 1000, offset)
            """, bench.mount.path(of: original), original.file.path)
        let requests = bench.account.mediaRequests.filter { $0.host == .media }
        #expect(requests.allSatisfy { $0.status == 206 })
        #expect(requests.reduce(0) { $0 + $1.bodyBytes } < original.file.size / 2)
    }

    @Test("A recording that is made after mounting can be read by its name at once")
    func unlistedRecording() throws {
        let bench = try MountBench()
        try bench.shell("ls -R . >/dev/null")
        let sid = "RE" + String(repeating: "5a", count: 16)
        let file = try TestMedia.small.appending(path: "recordings/long.wav").path
        try bench.account.change(
            resource: #"{"action":"add","kind":"recording","path":"\#(file)","fields":{"sid":"\#(sid)"}}"#)
        #expect(
            try bench.shell("sha256sum <recordings/$1.wav", sid).text.prefix(64)
                == bench.account.originals()[sid]?.sha256[...])
        #expect(try bench.shell("jq -r .sid <metadata/recordings/$1.json", sid).lines == [sid])
    }

    @Test(
        "A name that is no recording's doesn't exist",
        arguments: [
            "recordings/hello.wav", "recordings/RE00000000000000000000000000000000.wav", "recordings/short.wav",
            "compositions/$RE.mp4", "recordings/$RE.mp3", "recordings/$RE", "recordings/$RE.json", "$RE.wav",
            "metadata/recordings/$RE.wav", ".twiliofs/nothing", "recordings/../nothing",
        ])
    func noSuchName(_ name: String) throws {
        let bench = try MountBench()
        let sid = try bench.account.original("long.wav").sid
        let path = name.replacing("$RE", with: sid)
        let result = try Command.run(["cat", path], directory: bench.mount.path)
        #expect(result.end == .exited(1))
        #expect(result.errorText.contains("No such file or directory"))
    }
}
