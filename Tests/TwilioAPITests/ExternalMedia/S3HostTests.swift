import TestSupport
import Testing

@testable import TwilioAPI

@Suite("The names of Amazon's S3 servers", .orderly)
struct S3HostTests {
    @Test(
        "Bucket and region are found in each form of the name",
        arguments: [
            ("bucket.s3.eu-central-1.amazonaws.com", "bucket", "eu-central-1", "s3.eu-central-1.amazonaws.com"),
            ("s3.eu-central-1.amazonaws.com", nil, "eu-central-1", "s3.eu-central-1.amazonaws.com"),
            ("bucket.s3.amazonaws.com", "bucket", nil, "s3.amazonaws.com"),
            ("s3.amazonaws.com", nil, nil, "s3.amazonaws.com"),
            ("my.bucket.s3.amazonaws.com", "my.bucket", nil, "s3.amazonaws.com"),
            ("bucket.s3-us-west-2.amazonaws.com", "bucket", "us-west-2", "s3-us-west-2.amazonaws.com"),
            ("s3-eu-west-1.amazonaws.com", nil, "eu-west-1", "s3-eu-west-1.amazonaws.com"),
            (
                "bucket.s3.dualstack.us-west-2.amazonaws.com", "bucket", "us-west-2",
                "s3.dualstack.us-west-2.amazonaws.com"
            ), ("bucket.s3-external-1.amazonaws.com", "bucket", nil, "s3-external-1.amazonaws.com"),
            ("bucket.s3-fips.us-east-2.amazonaws.com", "bucket", "us-east-2", "s3-fips.us-east-2.amazonaws.com"),
            (
                "bucket.s3-fips.dualstack.us-east-2.amazonaws.com", "bucket", "us-east-2",
                "s3-fips.dualstack.us-east-2.amazonaws.com"
            ), ("b.s3-fips-us-gov-west-1.amazonaws.com", "b", "us-gov-west-1", "s3-fips-us-gov-west-1.amazonaws.com"),
            ("bucket.s3-accelerate.amazonaws.com", "bucket", nil, "s3-accelerate.amazonaws.com"),
            (
                "bucket.s3-accelerate.dualstack.amazonaws.com", "bucket", nil, "s3-accelerate.dualstack.amazonaws.com"
            ),
            (
                "name-123.s3-accesspoint.us-west-2.amazonaws.com", "name-123", "us-west-2",
                "s3-accesspoint.us-west-2.amazonaws.com"
            ), ("bucket.s3.cn-north-1.amazonaws.com.cn", "bucket", "cn-north-1", "s3.cn-north-1.amazonaws.com.cn"),
            ("us-west-2.s3.amazonaws.com", "us-west-2", nil, "s3.amazonaws.com"),
        ] as [(String, String?, String?, String)])
    func forms(name: String, bucket: String?, region: String?, server: String) {
        let host = S3Host(name)
        #expect(host != nil && host?.bucket == bucket && host?.region == region && host?.server == server)
    }

    @Test(
        "A name that anybody can have isn't S3's, nor is one that only looks like it",
        arguments: [
            "ec2-1-2-3-4.compute-1.amazonaws.com", "ec2-1-2-3-4.eu-central-1.compute.amazonaws.com",
            "mine.eu-central-1.elb.amazonaws.com", "abc.execute-api.us-east-1.amazonaws.com", "amazonaws.com",
            "bucket.s3.eu-central-1.amazonaws.com.evil.example", "evils3.amazonaws.com.example",
            "s3.amazonaws.com.evil", "bucket.s3.evil.amazonaws.com", "bucket.s3.us-east-1.evil.amazonaws.com",
            "bucket.s3-website-us-east-1.amazonaws.com", "bucket.s3-website.eu-central-1.amazonaws.com",
            "bucket.s3.us-east-1.vpce.amazonaws.com", ".s3.amazonaws.com", "a..s3.amazonaws.com",
            "s3-accelerate.amazonaws.com", "notamazonaws.com", "bucket.s3notamazonaws.com", "dualstack.amazonaws.com",
            "eu-central-1.amazonaws.com", "s3-.amazonaws.com", "bucket.s3.dualstack.amazonaws.com",
        ])
    func strangers(name: String) {
        #expect(S3Host(name) == nil)
    }

    @Test(
        "The server of another region is one like it",
        arguments: [
            ("b.s3.amazonaws.com", "s3.eu-west-1.amazonaws.com"),
            ("b.s3-us-west-2.amazonaws.com", "s3.eu-west-1.amazonaws.com"),
            ("b.s3.dualstack.us-west-2.amazonaws.com", "s3.dualstack.eu-west-1.amazonaws.com"),
            ("b.s3-fips.us-east-2.amazonaws.com", "s3-fips.eu-west-1.amazonaws.com"),
            ("b.s3-fips.dualstack.us-east-2.amazonaws.com", "s3-fips.dualstack.eu-west-1.amazonaws.com"),
            ("b.s3-fips-us-gov-west-1.amazonaws.com", "s3-fips.eu-west-1.amazonaws.com"),
            ("b.s3-accelerate.amazonaws.com", "s3.eu-west-1.amazonaws.com"),
            ("b.s3.cn-north-1.amazonaws.com.cn", "s3.eu-west-1.amazonaws.com.cn"),
        ])
    func relatives(name: String, server: String) {
        #expect(S3Host(name)?.server(in: "eu-west-1") == server)
    }
}
