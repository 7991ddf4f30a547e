"""The messages and stubs that protoc generates from the contract, `proto/silkrate/v1/rates.proto`."""
