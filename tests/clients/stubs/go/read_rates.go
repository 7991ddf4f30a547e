// Reads the latest rates with the code that protoc-gen-go and protoc-gen-go-grpc generate from the contract.
//
//	read_rates 127.0.0.1:50051 KZT/USD USD/KZT
//
// Prints the revision, and then a line for each pair: the pair, its value, and the change in per cent.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"google.golang.org/grpc"

	silkratev1 "silkrate/v1"
)

// The server answers from memory: a call that takes longer has failed.
const callTimeout = 10 * time.Second

func main() {
	if len(os.Args) < 3 {
		log.Fatal("usage: read_rates HOST:PORT PAIR...")
	}
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	connection, err := grpc.DialContext(ctx, os.Args[1], grpc.WithInsecure())
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()
	request := &silkratev1.GetSnapshotRequest{Filter: &silkratev1.RateFilter{Pairs: os.Args[2:]}}
	snapshot, err := silkratev1.NewRateServiceClient(connection).GetSnapshot(ctx, request)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("revision\t%d\n", snapshot.GetPosition().GetRevision())
	for _, rate := range snapshot.GetRates() {
		percent := "n/a" // What is absent is absent, not zero.
		if rate.GetChange() != nil {
			percent = rate.GetChange().GetPercent()
		}
		fmt.Printf("%s\t%s\t%s\n", rate.GetPair(), rate.GetValue(), percent)
	}
}
