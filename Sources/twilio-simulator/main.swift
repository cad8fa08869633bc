print("twilio-simulator")
