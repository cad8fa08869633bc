import CatalogTestSupport
import TwilioAPI
import TwilioSimulator

extension TwilioSimulator {
    /// Starts an account with compositions, one an hour, the first the newest.
    static func withHourlyCompositions(
        _ count: Int, pageSize: Int? = nil, latencyMilliseconds: Int = 0
    ) throws -> TwilioSimulator {
        var configuration = SimulatorConfiguration()
        configuration.behaviour.pageSizeLimit = pageSize
        configuration.behaviour.latencyMilliseconds = latencyMilliseconds
        let simulator = try TwilioSimulator.start(configuration)
        for number in 0..<count {
            try simulator.add(
                .composition,
                fields: [
                    "sid": .string("\(try Sample.sid(number, .composition))"), "status": "completed",
                    "date_created": .string("\(Timestamp(seconds: 1_790_000_000 - Int64(number) * 3600))"),
                ])
        }
        return simulator
    }
}
