import Foundation
import Glibc
import TestSupport
import Testing
import TwilioSimulator

@Suite("What a mount leaves of secrets", .orderlyAndLong, .needsFUSE)
struct SecrecyTests {
    @Test(
        "No secret is in the log, the cache folder, the status, the process's arguments or environment, or a message",
        arguments: SecretMount.Form.allCases)
    func nowhere(_ form: SecretMount.Form) throws {
        let bench = try SecretMount(form)
        let mount = bench.mount
        #expect(try bench.reads(.recording), "\(mount.log)")
        if form.hasFiles { try bench.rotate() }
        #expect(try bench.reads(.videoRecording), "\(mount.log)")
        let search = try SecretSearch()
        try search.add(copyOf: "\(mount.path)/metadata", as: "metadata")
        try bench.refuse()
        #expect(try !bench.reads(.composition), "its credentials are refused")

        let process = ProcessFiles(mount.processID)
        for name in ["cmdline", "environ"] { try search.add(#require(process.text(name)), as: name) }
        try search.add(copyOf: mount.folder.path("cache"), as: "cache in use")
        try search.add(copyOf: "\(mount.path)/.twiliofs", as: "status")
        let report = try Command.require([BuiltPrograms.twiliofs, "status", mount.path])
        try search.add(mount.result.text + mount.result.errorText + report.text + report.errorText, as: "messages")
        mount.send(SIGTERM)
        #expect(eventually { mount.hasEnded })
        if form != .bucket {
            let refused = try bench.mountAgain()
            #expect(refused.end == .exited(12), "\(refused.errorText)")
            try search.add(refused.text + refused.errorText, as: "refusal")
        }
        try search.add(copyOf: mount.folder.path("cache"), as: "cache")
        try search.add(copyOf: mount.folder.path("log"), as: "log")

        // What stands in each place shows that the search finds what is there.
        let (account, sids) = (bench.account, try bench.account.originals().keys)
        let known = [account.sid, account.simulator.apiURL, mount.path] + sids
        let places = ["cmdline", "environ", "cache in use", "cache", "status", "metadata", "messages", "log"]
        #expect(try search.places(of: known).isSuperset(of: places))
        let secrets = try bench.secrets
        #expect(try search.findings(of: secrets) == [])
        try search.add("Basic " + Data("\(account.sid):\(secrets[0])".utf8).base64EncodedString(), as: "planted")
        #expect(try search.places(of: secrets) == ["planted"])
    }

    @Test("At the end of each test, the logs of all mounts are searched for each secret that was used, in any form")
    func everyLog() throws {
        let account = try SimulatedAccount(media: TestMedia.small) { $0.behaviour.voiceRedirect = .temporaryRedirect }
        var secrets: [String] = []
        let leaks = try TestScope.leaks {
            do {
                let mount = try MountedAccount(account, environment: MountedAccount.oauthEnvironment(account))
                try Command.shell("cat */*.* >/dev/null", directory: mount.path)
                #expect(mount.log.contains(" debug: "), "\(mount.log)")
            }
            let used = account.simulator.secrets
            let key = try KeyPair.shared.privatePEM.split(separator: "\n")[3]
            let signature = try #require(account.mediaRequests.first { $0.query.contains("X-Amz-Signature") })
            #expect(signature.query.contains("X-Amz-Signature=&") || signature.query.hasSuffix("X-Amz-Signature="))
            #expect(
                try !used.contentKeys.isEmpty && used.texts.contains(#require(account.simulator.givenOutTokens.first)))
            secrets = used.texts.filter { $0.utf8.count >= 8 } + [String(key), KeyPair.passphrase]
            secrets += used.contentKeys.flatMap {
                [Data($0).base64EncodedString(), Self.digits($0), "\(Data($0).map(\.self))"]
            }
            // As a mount would write them: the path of the program is among the words, which is what counts.
            let folder = try TemporaryFolder()
            for (number, secret) in secrets.enumerated() {
                try folder.file("lines/\(number)", "info: \(number): \(secret)\n")
            }
            try Command.shell(
                "cat lines/* | tee \"$3\" >&2", BuiltPrograms.twiliofs, "--log-file", folder.path("log"),
                directory: folder.url.path)
        }
        let found = Set(leaks.compactMap { $0.split(separator: "info: ").last?.split(separator: ":").first })
        #expect(found == Set(secrets.indices.map { "\($0)" }), "a mount's own lines have none")
        #expect(leaks.count == 2 * secrets.count, "those on standard error and those in the file")
    }

    private static func digits(_ bytes: [UInt8]) -> String { bytes.map { String(format: "%02x", $0) }.joined() }

    @Test("A secret is found in every form in which it may be written down, also between bytes that are no text")
    func search() throws {
        let secret = "a/secret+of=ours&7e5a 1c%"
        let data = Data(secret.utf8)
        let json = String(decoding: try JSONEncoder().encode([secret]), as: UTF8.self)
        let percent = try #require(secret.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
        let forms = [
            "plain": secret, "base64": data.base64EncodedString(), "JSON": json, "percent": percent,
            "small": ["%2F", "%2B", "%3D"].reduce(percent) { $0.replacing($1, with: $1.lowercased()) },
            "form": percent.replacing("%20", with: "+"),
            "hexadecimal": data.map { String(format: "%02x", $0) }.joined(),
            "login": Data("AC12:\(secret)".utf8).base64EncodedString(),
            "other login": Data("SK123:\(secret)".utf8).base64EncodedString(),
            "third login": Data("SK1234:\(secret)".utf8).base64EncodedString(),
        ]
        let search = try SecretSearch()
        let folder = try TemporaryFolder()
        for (name, text) in forms {
            let around = Data([0, 0xFF, 0xC3, 0x41, 0])
            try folder.file("\(name)/store/catalog.sqlite-wal", around + Data(text.utf8) + around)
            try search.add(copyOf: folder.path(name), as: name)
        }
        try search.add("a/secret", as: "innocent")
        #expect(try search.places(of: [secret]) == Set(forms.keys))
        let lines = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0\nsomething else\n"
        #expect(try search.findings(of: [lines]) == [])
        try search.add("key: sOmEtHiNg MIIEvQIBADANBgkqhkiG9w0", as: "line")
        #expect(try search.places(of: [lines]) == ["line"])
        #expect(throws: CommandError.self) { try search.places(of: []) }
    }
}
