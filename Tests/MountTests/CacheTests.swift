import Foundation
import TestSupport
import Testing
import TwilioSimulator

@Suite("The disk cache and the memory of a mount", .orderly, .needsFUSE)
struct CacheTests {
    @Test("What was read once is read after a remount without asking for it, and right")
    func remount() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let folder = try TemporaryFolder()
        for isFirst in [true, false] {
            account.clearRequests()
            let mount = try MountedAccount(account, cacheFolder: folder.path("cache"))
            #expect(try mount.differences(from: account) == [])
            if !isFirst { #expect(account.mediaRequests.isEmpty) }
            let told = try Command.shell(
                "jq -c '.bytes | [.fetched > 0, .from_disk_cache > 0, .served > 0]' <.twiliofs/status.json",
                directory: mount.path)
            #expect(told.lines == [isFirst ? "[true,false,true]" : "[false,true,true]"])
            try mount.unmount()
        }
    }

    @Test("Two mounts at once share one cache folder, and both are right")
    func twoMounts() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let folder = try TemporaryFolder()
        let mounts = try (0..<2).map { _ in try MountedAccount(account, cacheFolder: folder.path("cache")) }
        let commands = try mounts.map { mount in
            try RunningCommand(["/bin/sh", "-euc", "cat \(mount.path)/*/*.* | sha256sum"])
        }
        let sums = try commands.map { String(decoding: try $0.wait(seconds: 60).output, as: UTF8.self) }
        #expect(sums[0] == sums[1] && sums[0].count > 64, "\(sums)")
        for mount in mounts { #expect(try mount.differences(from: account) == []) }
    }

    @Test("A damaged cache is not noticed by readers")
    func damaged() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let folder = try TemporaryFolder()
        for _ in 0..<3 {
            let mount = try MountedAccount(account, cacheFolder: folder.path("cache"))
            #expect(try mount.differences(from: account) == [])
            try mount.unmount()
            // A bit of every file but the index's.
            try python(
                """
                import os, random, sys
                random.seed(3)
                for folder, _, names in os.walk(sys.argv[1]):
                    for name in names:
                        path = os.path.join(folder, name)
                        if "sqlite" in name or "index" in name or not os.path.getsize(path): continue
                        with open(path, "r+b") as file:
                            file.seek(random.randrange(os.path.getsize(path)))
                            byte = file.read(1)[0]
                            file.seek(-1, 1)
                            file.write(bytes([byte ^ 16]))
                """, folder.path("cache/ciphertext"))
        }
    }

    @Test("There is no plaintext and no content key in the cache folder")
    func noSecrets() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let folder = try TemporaryFolder()
        let mount = try MountedAccount(account, cacheFolder: folder.path("cache"))
        #expect(try mount.differences(from: account) == [])
        // While it is mounted, with all that is open, and afterwards.
        for isMounted in [true, false] {
            if !isMounted { try mount.unmount() }
            let found = try Command.require(
                [
                    "/usr/bin/python3", "-c",
                    """
                    import base64, json, os, sys, urllib.request
                    from cryptography.hazmat.primitives import hashes
                    from cryptography.hazmat.primitives.asymmetric import padding
                    from cryptography.hazmat.primitives.serialization import load_pem_private_key
                    cache, key_file, api, account, token = sys.argv[1:6]
                    needles = []
                    for path in sys.argv[6:]:
                        data = open(path, "rb").read()
                        for place in (0, len(data) // 2, len(data) - 64):
                            piece = data[max(0, place):max(0, place) + 32]
                            if len(set(piece)) > 8: needles.append((path, piece))
                    key = load_pem_private_key(open(key_file, "rb").read(), None)
                    request = urllib.request.Request(f"{api}/2010-04-01/Accounts/{account}/Recordings.json")
                    login = base64.b64encode(f"{account}:{token}".encode()).decode()
                    request.add_header("Authorization", "Basic " + login)
                    for recording in json.load(urllib.request.urlopen(request))["recordings"]:
                        details = recording["encryption_details"]
                        if not details: continue
                        oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
                        content_key = key.decrypt(base64.b64decode(details["encrypted_cek"]), oaep)
                        assert len(content_key) == 32
                        for form in (content_key, content_key.hex().encode(), base64.b64encode(content_key)[:40]):
                            needles.append(("the content key of " + recording["sid"], form))
                    assert len(needles) > 10
                    count = 0
                    for folder, _, names in os.walk(cache):
                        for name in names:
                            data = open(os.path.join(folder, name), "rb").read()
                            count += len(data)
                            for what, needle in needles:
                                if needle in data: print(what, "is in", name)
                    assert count > 2_000_000, "there is nothing in the cache"
                    """, folder.path("cache"), KeyPair.shared.privateKey(), account.simulator.apiURL,
                    account.sid, account.simulator.credentials.authToken,
                ] + account.originals().values.filter(\.encrypted).map(\.path).sorted())
            #expect(found.text == "")
        }
    }

    @Test("Without a disk cache nothing is stored, and cache sizes are told in one sentence when they are wrong")
    func switchedOff() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let folder = try TemporaryFolder()
        let mount = try MountedAccount(account, options: ["--cache-size", "0"], cacheFolder: folder.path("cache"))
        #expect(try mount.differences(from: account) == [])
        #expect(!FileManager.default.fileExists(atPath: folder.path("cache/ciphertext")))
    }

    @Test("Sixty-four files read at once are all right, and memory stays below its ceiling")
    func memory() throws {
        let media = try TemporaryFolder()
        try python(
            """
            import os, random, sys
            random.seed(64)
            os.makedirs(sys.argv[1] + "/recordings")
            os.makedirs(sys.argv[1] + "/compositions")
            for number in range(64):
                kind = "recordings" if number % 2 else "compositions"
                suffix = "wav" if number % 2 else "mp4"
                with open(f"{sys.argv[1]}/{kind}/{number}.{suffix}", "wb") as file: file.write(random.randbytes(3_000_000))
            """, media.path("media"))
        let account = try SimulatedAccount(media: URL(filePath: media.path("media")))
        let mount = try MountedAccount(
            account, options: ["--memory", "24M", "--cache-size", "0", "--integrity", "deferred"])
        let originals = try account.originals()
        let lines = originals.map { "\($1.sha256)  \(mount.path(of: ($0, $1)))" }
        let check = try Command.shell(
            #"printf '%s\n' "$1" | xargs -P 64 -I LINE sh -c 'echo "LINE" | sha256sum --check --quiet'"#,
            lines.joined(separator: "\n"), directory: mount.path, seconds: 120)
        #expect(check.end == .exited(0), "\(check.text)\(check.errorText)")
        let status = try String(contentsOfFile: "/proc/\(mount.process.processID)/status", encoding: .utf8)
        let peak = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }?.split(separator: " ").dropFirst()
            .first
        #expect((peak.flatMap { Int($0) } ?? .max) <= (24 + 96) << 10, "\(status)")
    }
}
