import Foundation
import TestSupport
import Testing

@testable import TwilioSimulator

@Suite("Generated recordings", .orderly)
struct GeneratedTests {
    /// A behaviour that changes what resources look like.
    struct Look: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let change: @Sendable (inout Behaviour) -> Void

        static let all =
            [
                Look(testDescription: "as documented") { _ in },
                Look(testDescription: "http addresses") { $0.mediaAddress = .http },
                Look(testDescription: "no addresses") { $0.mediaAddress = .absent },
                Look(testDescription: "nulls") { $0.nullFields = ["duration", "encryption_details", "sid"] },
            ]
            + Behaviour.EncryptionSpelling.allCases.flatMap { spelling in
                Behaviour.EncryptionForm.allCases.map { form in
                    Look(testDescription: "\(spelling) as \(form)") {
                        $0.encryptionSpelling = spelling
                        $0.encryptionForm = form
                    }
                }
            }
    }

    @Test(
        "A page has what single resources have, as another parser reads them", arguments: Look.all,
        GeneratedEnvelopes.allCases)
    func same(look: Look, envelopes: GeneratedEnvelopes) throws {
        let bench = try SimulatorBench(files: [:]) {
            $0.generatedRecordings = 3000
            $0.generatedEnvelopes = envelopes
            look.change(&$0.behaviour)
        }
        try bench.simulator.remove(TwilioSimulator.generatedSID(1439))
        try bench.simulator.update(TwilioSimulator.generatedSID(1440), fields: ["source": "DialVerb"])
        // Across midnight, where all of a date changes.
        let page = try bench.api("\(bench.accountPath)/Recordings.json?PageSize=1000&Page=1&PageToken=\(token(1430))")
        let file = try bench.folder.file("page.json", page.body)
        let sids = ((1431...1438).map { $0 } + (1440...1450).map { $0 }).map(TwilioSimulator.generatedSID)
        let credentials = bench.simulator.credentials
        let base = "\(bench.simulator.apiURL)\(bench.accountPath)/Recordings/"
        let found = try Python.run(
            "generated_page", ["resources", file, base, "\(credentials.accountSID):\(credentials.authToken)"] + sids)
        #expect(found.lines == ["1000"])
    }

    private func token(_ number: Int) -> String {
        let newest = Instant.now.startOfDay
        return Position(created: newest.advanced(by: -60 * number), sid: TwilioSimulator.generatedSID(number)).pageToken
    }

    @Test("The text of every recording is what rendering gives, byte for byte", arguments: GeneratedEnvelopes.allCases)
    func text(envelopes: GeneratedEnvelopes) throws {
        let key = try RecipientKey(pem: Array(SimulatorBench.keys[0].get().publicPEM.utf8))
        let recordings = try GeneratedRecordings(
            count: 5000, newest: Instant(seconds: 1_772_323_170), publicKeySID: "CR1", key: key, envelopes: envelopes)
        let rendering = ResourceRendering(accountSID: "AC1", behaviour: Behaviour())
        var template = GeneratedTemplate(recordings, render: rendering.object)
        for number in 0..<5000 {
            var text: [UInt8] = []
            template.write(number, to: &text)
            #expect(text == rendering.object(recordings.resource(number)).text)
        }
    }

    @Test("Random envelopes have nothing in common, and the size of real ones")
    func randomEnvelopes() throws {
        func page(_ envelopes: GeneratedEnvelopes) throws -> Data {
            let bench = try SimulatorBench(files: [:]) {
                $0.generatedRecordings = 500
                $0.generatedEnvelopes = envelopes
            }
            return try bench.api("\(bench.accountPath)/Recordings.json?PageSize=500").body
        }
        let random = try Python.run("generated_page", "envelopes", input: page(.random))
        #expect(random.lines == ["encrypted_cek 500 True", "iv 500 True"])
        let shared = try Python.run("generated_page", "envelopes", input: page(.shared))
        #expect(shared.lines == ["encrypted_cek 16 False", "iv 500 False"])
    }
}
