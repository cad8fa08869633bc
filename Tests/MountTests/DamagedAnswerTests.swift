import Foundation
import TestSupport
import Testing
import TwilioSimulator

@Suite("Answers that are media, but not the recording", .orderlyAndLong, .needsFUSE)
struct DamagedAnswerTests {
    /// 256 bytes that no private key unwraps, in base64.
    private static let wrongKey = String(repeating: "A", count: 342) + "=="

    /// 16 bytes, in base64.
    private static let wrongIV = String(repeating: "A", count: 22) + "=="

    /// Headers of an envelope that don't belong to the media, in answers for media of video.
    static let envelopes: [FaultAction] = [
        .headers(["x-amz-meta-x-amz-key": wrongKey]), .headers(["x-amz-meta-x-amz-key": "garbage"]),
        .headers(["x-amz-meta-x-amz-iv": wrongIV]), .headers(["x-amz-meta-x-amz-key": wrongKey], doubles: true),
        .headers(["x-amz-meta-x-amz-iv": wrongIV], doubles: true),
    ]

    /// An account of small media, and its originals of some names.
    private static func account(_ names: String...) throws -> (account: SimulatedAccount, files: [Original]) {
        let account = try SimulatedAccount(media: TestMedia.small)
        return (account, try names.map { try account.original($0) })
    }

    /// Has some answers for a file's media spoilt.
    private static func spoil(
        _ account: SimulatedAccount, _ file: Original, _ fault: FaultAction, host: SimulatedHost? = nil,
        count: Int? = 1
    ) {
        account.simulator.faults = [
            FaultRule(fault, host: host, path: file.file.mediaPattern(sid: file.sid), count: count)
        ]
    }

    @Test(
        "One answer with another envelope is an error or isn't noticed, and not remembered",
        arguments: envelopes, [true, false])
    func envelope(fault: FaultAction, isDescription: Bool) throws {
        let cache = try TemporaryFolder()
        let (account, files) = try Self.account("long.mkv", "blocks.mp4")
        do {
            let mount = try MountedAccount(account, options: ["--no-probing"], cacheFolder: cache.path("cache"))
            // Others prove that the key is held.
            #expect(try mount.checksum(of: account.original("block.mka")) != nil)
            try Command.shell("ls compositions >/dev/null", directory: mount.path)
            if !isDescription { for file in files { try Command.require(["stat", mount.path(of: file)]) } }
            for file in files {
                Self.spoil(account, file, fault, host: .media)
                try mount.expectRightOrError(file)
                try mount.expectRight(file)
            }
            try mount.unmount()
        }
        let mount = try MountedAccount(account, cacheFolder: cache.path("cache"))
        for file in files { #expect(try mount.checksum(of: file) == file.file.sha256, "after a remount") }
    }

    @Test("One envelope that is damaged doesn't spoil what the disk cache has, also when the catalog is lost")
    func envelopeOfCached() throws {
        let cache = try TemporaryFolder()
        let (account, files) = try Self.account("long.mkv", "blocks.mp4")
        for round in 0..<3 {
            let mount = try MountedAccount(account, options: ["--no-probing"], cacheFolder: cache.path("cache"))
            try Command.shell("ls video-recordings compositions >/dev/null", directory: mount.path)
            if round == 0 {
                for file in files { #expect(try mount.checksum(of: file) == file.file.sha256) }
            } else {
                account.simulator.faults =
                    round == 1
                    ? files.map {
                        FaultRule(
                            .headers(["x-amz-meta-x-amz-iv": Self.wrongIV]), host: .media,
                            path: $0.file.mediaPattern(sid: $0.sid), count: 1)
                    } : []
                for file in files {
                    try mount.expectRightOrError(file)
                    try mount.expectRight(file)
                }
            }
            try mount.unmount()
            if round == 0 { try Command.shell("find \"$1\" -name 'catalog.sqlite*' -delete", cache.url.path) }
        }
    }

    @Test("A resource that was once said to be encrypted has all its bytes again when it isn't")
    func strayDetails() throws {
        let cache = try TemporaryFolder()
        let account = try SimulatedAccount(media: TestMedia.small)
        let file = try account.original("old.wav")
        let change = { (details: String) throws -> Void in
            _ = try account.change(
                resource: #"{"action":"update","sid":"\#(file.sid)","fields":{"encryption_details":\#(details)}}"#)
        }
        try change(#"{"type":"rsa-aes","encrypted_cek":"garbage","iv":"garbage"}"#)
        do {
            let mount = try MountedAccount(account, options: ["--no-probing"], cacheFolder: cache.path("cache"))
            try Command.shell("ls -l recordings", directory: mount.path)
            try change("null")
            try mount.expectRightOrError(file)
            try mount.expectRight(file)
            #expect(try Command.require(["stat", "-c", "%s", mount.path(of: file)]).lines == ["\(file.file.size)"])
            try mount.unmount()
        }
        let mount = try MountedAccount(account, cacheFolder: cache.path("cache"))
        #expect(try Command.require(["stat", "-c", "%s", mount.path(of: file)]).lines == ["\(file.file.size)"])
        #expect(try mount.checksum(of: file) == file.file.sha256, "after a remount")
    }

    @Test("A page as long as the media, which is known, is an error or isn't noticed", arguments: [true, false])
    func sameSize(sendsETag: Bool) throws {
        let account = try SimulatedAccount(media: TestMedia.small) { $0.behaviour.sendsETag = sendsETag }
        let mount = try MountedAccount(account, options: ["--no-probing"])
        try Command.shell("stat */*.* >/dev/null", directory: mount.path)
        for (sid, file) in try account.originals() where file.size > 16 && !(file.encrypted && file.kind == .recording)
        {
            let size = file.encrypted ? (file.size / 16 + 1) * 16 : file.size
            let page = String(String(repeating: "Please log in. ", count: size / 15 + 1).prefix(size))
            Self.spoil(account, (sid, file), .answer(200, type: "application/octet-stream", body: page))
            try mount.expectRightOrError((sid, file))
            try mount.expectRight((sid, file))
        }
    }

    @Test("Sixteen bytes in the place of encrypted voice don't become an empty recording", arguments: [200, 206])
    func tagAlone(status: Int) throws {
        let cache = try TemporaryFolder()
        let account = try SimulatedAccount(media: TestMedia.small)
        let file = try account.original("long.wav")
        do {
            let mount = try MountedAccount(account, options: ["--no-probing"], cacheFolder: cache.path("cache"))
            try Command.shell("ls recordings >/dev/null", directory: mount.path)
            account.simulator.faults = [
                FaultRule(
                    status == 206
                        ? .shorten(toBytes: 16, ignoresRange: false)
                        : .answer(200, type: "audio/x-wav", body: "Service is down."), path: "*.wav")
            ]
            for _ in 0..<2 {
                let copied = try Command.run(["cp", mount.path(of: file), cache.path("copy")])
                let size = try? FileManager.default.attributesOfItem(atPath: cache.path("copy"))[.size]
                #expect(copied.end == .exited(1), "\(String(describing: size)) bytes: \(mount.log)")
            }
            account.clearFaults()
            try mount.expectRight(file)
            try mount.unmount()
        }
        let mount = try MountedAccount(account, cacheFolder: cache.path("cache"))
        #expect(try mount.checksum(of: file) == file.file.sha256)
    }

    @Test("Media whose beginning isn't the format's isn't served, also where its size is known")
    func beginning() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let mount = try MountedAccount(account, options: ["--no-probing", "--cache-size", "0"])
        try Command.shell("stat */*.* >/dev/null", directory: mount.path)
        let files = try account.originals().filter { !$1.encrypted }
        for (sid, file) in files {
            // The first byte of EBML and RIFF, and one of ftyp.
            let offset = file.name.hasSuffix("mp4") ? 4 : 0
            Self.spoil(account, (sid, file), .corrupt(offset: offset, mask: 0x55), count: nil)
            #expect(try mount.checksum(of: (sid, file)) == nil, "\(file.name)")
        }
        account.clearFaults()
        for (sid, file) in files { try mount.expectRight((sid, file)) }
    }

    @Test("Where a redirect led to something else isn't asked again")
    func redirect() throws {
        let page = Array(String(repeating: "Please log in. ", count: 132).utf8)
        let portal = try LoopbackServer { _ in
            LoopbackServer.Answer(fields: [("Content-Type", "audio/x-wav")], body: page)
        }
        defer { portal.stop() }
        let account = try SimulatedAccount(media: TestMedia.small)
        let mount = try MountedAccount(account, options: ["--no-probing"])
        try Command.shell("ls recordings >/dev/null", directory: mount.path)
        account.simulator.faults = [
            FaultRule(
                .answer(302, type: nil, body: "", headers: ["Location": portal.url + "/login"]), path: "*.wav")
        ]
        let files = try ["long.wav", "old.wav"].map { try account.original($0) }
        for file in files { #expect(try mount.checksum(of: file) == nil, "\(file.file.name)") }
        account.clearFaults()
        for file in files { try mount.expectRight(file) }
    }

    @Test("An answer without the entity tag that the media has isn't served")
    func withoutEntityTag() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let mount = try MountedAccount(account, options: ["--no-probing"])
        try Command.shell("stat recordings/*.wav >/dev/null", directory: mount.path)
        let file = try account.original("old.wav")
        let size = file.file.size
        Self.spoil(
            account, file,
            .answer(
                206, type: "audio/x-wav", body: "RIFFAAAAWAVE" + String(repeating: "x", count: size - 12),
                headers: ["Content-Range": "bytes 0-\(size - 1)/\(size)"]))
        try mount.expectRightOrError(file)
        try mount.expectRight(file)
    }

    @Test("Video that isn't encrypted and came once with an envelope's headers is right in the same mount")
    func strayEnvelope() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let mount = try MountedAccount(account, options: ["--no-probing"])
        try Command.shell("ls video-recordings compositions >/dev/null", directory: mount.path)
        let file = try account.original("old.mkv")
        Self.spoil(
            account, file, .headers(["x-amz-meta-x-amz-key": Self.wrongKey, "x-amz-meta-x-amz-iv": Self.wrongIV]))
        try mount.expectRightOrError(file)
        try mount.expectRight(file)
    }

    @Test("Encrypted video whose last bytes are others than when it was described isn't served")
    func otherEnd() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let mount = try MountedAccount(account, options: ["--no-probing"])
        try Command.shell("stat video-recordings/* >/dev/null", directory: mount.path)
        let file = try account.original("long.mkv")
        Self.spoil(account, file, .corrupt(offset: file.file.size / 16 * 16, mask: 1), count: nil)
        #expect(try mount.checksum(of: file) == nil)
        account.clearFaults()
        try mount.expectRight(file)
    }
}
