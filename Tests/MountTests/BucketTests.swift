import Foundation
import TestSupport
import Testing
import TwilioSimulator

@Suite("Media in a bucket of the customer's own", .orderly, .needsFUSE)
struct BucketTests {
    @Test("Encrypted and unencrypted, voice and video, it is read from there, and no credential goes astray")
    func everything() throws {
        let bench = try BucketAccount(media: TestMedia.small)
        let key = try bench.server.session
        let mount = try MountedAccount(bench.account, options: bench.options, environment: key.environment)
        #expect(try mount.differences(from: bench.account) == [])
        #expect(bench.account.mediaRequests.isEmpty, "Twilio isn't asked for what it doesn't have")

        let requests = try bench.server.takeRequests()
        #expect(requests.count >= 10)
        let isSigned = requests.allSatisfy { request in
            request.headers["authorization"]?.hasPrefix("AWS4-HMAC-SHA256 Credential=\(key.identifier)/") == true
        }
        #expect(isSigned)
        #expect(try bench.strays() == [])
    }

    @Test(
        "Without credentials, or where it is forbidden, it is listed, can't be opened, and the log says why once",
        arguments: [false, true])
    func noAccess(isDenied: Bool) throws {
        let bench = try BucketAccount(media: TestMedia.small)
        let mount = try MountedAccount(
            bench.account, options: bench.options + (isDenied ? ["--external-media", "deny"] : []),
            environment: isDenied ? bench.server.reader.environment : [:])
        let sid = try bench.account.original("long.wav").sid
        #expect(try Command.run(["ls", "recordings"], directory: mount.path).text.contains(sid))
        for _ in 0..<3 {
            let result = try Command.run(["cat", "\(mount.path)/recordings/\(sid).wav"])
            #expect(result.end == .exited(1) && result.errorText.contains("Permission denied"), "\(result.errorText)")
        }
        let remedy = isDenied ? "--external-media deny" : "--aws-profile"
        #expect(mount.hasLogged(remedy, "can't be read there"))
        let warnings = mount.log.split(separator: "\n").filter {
            $0.contains(" warning: ") && $0.contains("can't be read there")
        }
        #expect(warnings.count == 1, "\(mount.log)")
        #expect(try bench.server.takeRequests().isEmpty)
        #expect(eventually(within: 20) { mount.log.contains("in a bucket of the account's owner, and can't be read") })
        #expect(try bench.strays() == [])
    }

    @Test(
        "Left out, it isn't in the way of a backup; with credentials, it is a part of that", arguments: [true, false])
    func leftOut(hasCredentials: Bool) throws {
        let bench = try BucketAccount(media: TestMedia.small)
        let mount = try MountedAccount(
            bench.account, options: bench.options + ["--hide-unreadable"],
            environment: hasCredentials ? bench.server.reader.environment : [:])
        let target = try TemporaryFolder()
        let result = try Command.run(
            ["rsync", "-a", "--exclude", ".twiliofs", "./", target.url.path], directory: mount.path)
        #expect(result.end == .exited(0), "\(result.errorText)")
        let names = try Command.shell(
            "find recordings video-recordings compositions -type f", directory: target.url.path
        ).lines
        #expect(try names.count == (hasCredentials ? bench.account.originals().count : 0))
        #expect(try bench.strays() == [])
    }

    @Test("A session that ends is followed by the next one in the file, and by a sentence without one")
    func sessions() throws {
        let bench = try BucketAccount(media: TestMedia.small)
        let folder = try TemporaryFolder()
        let file = folder.path("credentials")
        func write(_ key: BucketServer.Key) throws {
            try folder.secretFile("credentials", key.section(profile: "recordings"))
        }
        try write(bench.server.session)
        let mount = try MountedAccount(
            bench.account,
            options: bench.options + ["--aws-profile", "recordings", "--no-probing", "--cache-size", "0"],
            environment: ["AWS_SHARED_CREDENTIALS_FILE": file])
        func cat(_ name: String) throws -> CommandResult {
            try Command.run(["cat", mount.path(of: bench.account.original(name))])
        }
        #expect(try cat("long.wav").end == .exited(0))

        try bench.server.expire(bench.server.session)
        try write(bench.server.laterSession)
        #expect(try cat("long.mkv").end == .exited(0))
        #expect(mount.hasLogged("the AWS profile 'recordings' was read again and has changed"))

        try bench.server.expire(bench.server.laterSession)
        let refused = try cat("blocks.mp4")
        #expect(refused.end == .exited(1) && refused.errorText.contains("Permission denied"), "\(refused.errorText)")
        #expect(mount.hasLogged("the session token of the AWS credentials has expired"))
        #expect(try bench.strays() == [])
    }

    @Test("A session that ends within a long read is followed by the next one, and ends it without one, byte-exact")
    func sessionDuringRead() throws {
        let media = try TemporaryFolder()
        for (name, seed) in [("first", UInt64(11)), ("second", 12)] {
            try media.file("recordings/unencrypted/\(name).wav", TestMedia.signed(noise(seed), as: "wav"))
        }
        let bench = try BucketAccount(media: media.url)
        let folder = try TemporaryFolder()
        let file = folder.path("credentials")
        func write(_ key: BucketServer.Key) throws { try folder.secretFile("credentials", key.section()) }
        try write(bench.server.session)
        let mount = try MountedAccount(
            bench.account, options: bench.options + ["--no-probing", "--cache-size", "0"],
            environment: ["AWS_SHARED_CREDENTIALS_FILE": file])
        func cat(_ name: String) throws -> CommandResult {
            try Command.run(["cat", mount.path(of: bench.account.original(name))])
        }
        // The server breaks off answers as long as that, which first come when the file is being read for a while, and
        // ends the session with the first of them.
        try write(bench.server.laterSession)
        try bench.server.setCut(after: 300_000, ending: bench.server.session)
        let first = try cat("first.wav")
        #expect(first.end == .exited(0), "\(first.errorText) \(mount.log)")
        #expect(first.output == TestMedia.signed(noise(11), as: "wav"))
        #expect(mount.hasLogged("was read again and has changed"))

        try bench.server.setCut(after: 300_000, ending: bench.server.laterSession)
        let second = try cat("second.wav")
        #expect(second.end == .exited(1) && second.errorText.contains("Permission denied"), "\(second.errorText)")
        #expect(TestMedia.signed(noise(12), as: "wav").starts(with: second.output))
        #expect(mount.hasLogged("the session token of the AWS credentials has expired"))
        #expect(try bench.strays() == [])
    }

    private func noise(_ seed: UInt64) -> Data { TestMedia.noise(12_000_000, seed: seed) }

    @Test("By https, a certificate of one's own authority is trusted with its file, and refused without it")
    func certificates() throws {
        let authority = try CertificateAuthority()
        let bench = try BucketAccount(media: TestMedia.small, authority: authority)
        let original = try bench.account.original("long.wav")
        func read(_ options: [String]) throws -> (CommandResult, MountedAccount) {
            let mount = try MountedAccount(
                bench.account, options: bench.options + ["--no-probing"] + options,
                environment: bench.server.reader.environment)
            return (try Command.run(["sha256sum", mount.path(of: original)]), mount)
        }
        let (refused, mount) = try read([])
        #expect(refused.end == .exited(1) && refused.errorText.contains("Input/output error"), "\(refused.errorText)")
        #expect(mount.hasLogged("certificate", "--ca-file"))
        #expect(try bench.server.takeRequests().isEmpty)
        let (trusted, _) = try read(["--ca-file", authority.path])
        #expect(trusted.text.hasPrefix(original.file.sha256), "\(trusted.errorText)")
        #expect(try bench.strays() == [])
    }

    @Test("A deleted object fails like media that Twilio has deleted")
    func deleted() throws {
        let bench = try BucketAccount(media: TestMedia.small)
        let sid = try bench.account.original("old.wav").sid
        try bench.account.change(
            resource:
                #"{"action":"update","sid":"\#(sid)","fields":{"date_created":"Thu, 30 Jul 2015 20:00:00 +0000"}}"#)
        try bench.deleteObject(sid)
        let mount = try MountedAccount(
            bench.account, options: bench.options + ["--no-probing"], environment: bench.server.reader.environment)
        let result = try Command.run(["cat", "\(mount.path)/recordings/\(sid).wav"])
        #expect(result.end == .exited(1) && result.errorText.contains("Input/output error"), "\(result.errorText)")
        #expect(mount.hasLogged("isn't in the bucket '\(BucketAccount.bucket)'"))
        #expect(try bench.strays() == [])
    }

    @Test("A recording that Twilio has deleted isn't taken for one that may not be read")
    func removed() throws {
        let bench = try BucketAccount(media: TestMedia.small)
        let mount = try MountedAccount(bench.account, options: bench.options + ["--no-probing"])
        let sid = try bench.account.original("old.wav").sid
        #expect(try Command.run(["ls", "recordings"], directory: mount.path).text.contains(sid))
        try bench.account.simulator.remove(sid)
        let result = try Command.run(["cat", "\(mount.path)/recordings/\(sid).wav"])
        #expect(result.end == .exited(1) && !result.errorText.contains("Permission denied"), "\(result.errorText)")
        #expect(try bench.strays() == [])
    }

    @Test("A profile that isn't there ends the mount at once")
    func missingProfile() throws {
        let account = try SimulatedAccount(media: nil)
        let folder = try TemporaryFolder()
        let result = try Command.run(
            [
                BuiltPrograms.twiliofs, "mount", "--no-key", "--foreground", "--aws-profile", "nobody", "--cache-dir",
                folder.path("cache"), try folder.folder("mount"),
            ], adding: MountedAccount.environment(account))
        #expect(result.errorText.contains("the profile 'nobody' of --aws-profile is neither in"), "\(result.errorText)")
    }
}
