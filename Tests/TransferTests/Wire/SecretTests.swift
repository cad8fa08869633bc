import FoundationEssentials
import Logging
import Support
import TestSupport
import Testing

@testable import Transfer

private func allTexts(_ value: some Any) -> String {
    var dumped = ""
    dump(value, to: &dumped)
    return "\(value) \(String(reflecting: value)) \(dumped)"
}

@Suite("Secrets stay secret", .orderly)
struct SecretTests {
    @Test("Nothing that can be printed shows a password, a signature or a redirect's target")
    func descriptions() throws {
        let credential = Credential(username: "AC1", password: "hunter2")
        let secret = try url("https://me:hunter2@media.example.com:8443/path/file?X-Amz-Signature=hunter2#hunter2")
        let provider = FixedCredential(credential)
        let address = Address(url: secret, credentials: provider)
        let headers = HeaderFields([("Location", "https://x/?s=hunter2"), ("ETag", "a")])
        let head = ResponseHead(status: 302, headers: headers, address: address)
        let response = Response(head: head, body: Array("hunter2".utf8))
        let inner = TransferError(.status, "\(address)", response: response)
        let error = TransferError(.deadlineExceeded, "Over.", cause: inner, response: response)
        for text in [
            allTexts(credential), allTexts(provider), allTexts(address), allTexts(head), allTexts(response),
            allTexts(error),
            allTexts(Request(address: address)), allTexts([address: credential]), allTexts(headers),
        ] {
            #expect(!text.contains("hunter2"), "\(text)")
        }
        #expect(address.description == "https://media.example.com:8443/path/file")
        #expect(credential.description.contains("AC1"))
    }

    @Test("Neither the log nor an error of a failing transfer shows them")
    func logs() throws {
        let log = RecordedLog(.trace)
        let server = try ScriptedServer { request, connection in
            switch request.index {
            case 0: connection.respond(503, [("Set-Cookie", "hunter2")], Array("hunter2".utf8))
            case 1: connection.hangUp()
            case 2: connection.respond(302, [("Location", "/elsewhere?signature=hunter2")])
            default: connection.respond(410, [("Location", "hunter2")], Array("hunter2".utf8))
            }
        }
        let client = try makeClient(logger: log.logger)
        let address = try server.address(
            "/media?token=hunter2", credentials: FixedCredential(Credential(username: "u", password: "hunter2")))
        let error = try #require(download(client, address).error)
        #expect(error.status == 410)
        client.shutDown()
        let logged = log.events.map { event in
            "\(event.message) \(event.metadata ?? [:]) \(event.error.map { allTexts($0) } ?? "")"
        }
        #expect(logged.count >= 4)
        #expect(!logged.joined().contains("hunter2"), "\(logged)")
        #expect(!allTexts(error).contains("hunter2"))
    }
}
