// AWS's Go SDK, as Debian packages it: its core (SigV4, HTTP client, event streams, escapes of paths), with operations of
// Bedrock Runtime of our own, since that version has none. What such a client of its own time would send is what is sent.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go/encoding/httpbinding"
)

const model = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"

type object = map[string]any

var client = awshttp.NewBuildableClient()

// post signs and sends a body as the SDK's REST-JSON serializers and finalizers do: the id escaped once in the path.
func post(id, operation string, body any) (*http.Response, error) {
	payload, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequest("POST", os.Getenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME"), bytes.NewReader(payload))
	if err != nil {
		return nil, err
	}
	path := "/model/" + httpbinding.EscapePath(id, true) + "/" + operation
	request.URL.RawPath = request.URL.Path + path
	request.URL.Path += "/model/" + id + "/" + operation
	request.Header.Set("Content-Type", "application/json")
	ctx := context.Background()
	keys, err := credentials.NewStaticCredentialsProvider(os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), "").Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(payload)
	err = v4.NewSigner().SignHTTP(ctx, keys, request, hex.EncodeToString(digest[:]), "bedrock", os.Getenv("AWS_REGION"), time.Now())
	if err != nil {
		return nil, err
	}
	return client.Do(request)
}

func whole(id, operation string, body any) (object, error) {
	answer, err := post(id, operation, body)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != 200 {
		return nil, fmt.Errorf("%d %s %s: %s", answer.StatusCode, answer.Header.Get("X-Amzn-Errortype"), answer.Header.Get("X-Amzn-Requestid"), content)
	}
	found := object{}
	return found, json.Unmarshal(content, &found)
}

// events decodes a stream with the SDK's own decoder; each is its type and its payload.
func events(id, operation string, body any) ([]string, []object, error) {
	answer, err := post(id, operation, body)
	if err != nil {
		return nil, nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 {
		return nil, nil, fmt.Errorf("status %d", answer.StatusCode)
	}
	decoder, kinds, payloads := eventstream.NewDecoder(), []string{}, []object{}
	for {
		message, err := decoder.Decode(answer.Body, nil)
		if errors.Is(err, io.EOF) {
			return kinds, payloads, nil
		}
		if err != nil {
			return nil, nil, err
		}
		payload := object{}
		if err := json.Unmarshal(message.Payload, &payload); err != nil {
			return nil, nil, err
		}
		kinds = append(kinds, message.Headers.Get(":event-type").String())
		payloads = append(payloads, payload)
	}
}

func check(name string, run func() (any, error)) {
	found, err := run()
	said := object{"check": name, "outcome": "works", "text": fmt.Sprintf("%.200v", found)}
	if err != nil {
		said["outcome"], said["text"] = "failed", err.Error()
	} else if found == nil || found == "" || found == false {
		said["outcome"] = "failed"
	}
	line, _ := json.Marshal(said)
	fmt.Println(string(line))
}

func converse(content string) object {
	return object{"messages": []object{{"role": "user", "content": []object{{"text": content}}}}}
}

func claude(content string) object {
	return object{"anthropic_version": "bedrock-2023-05-31", "max_tokens": 99, "messages": []object{{"role": "user", "content": content}}}
}

// The first text of an answer by Converse.
func text(answer object, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	message := answer["output"].(object)["message"].(object)
	return message["content"].([]any)[0].(object)["text"], nil
}

func main() {
	version, _ := json.Marshal(object{"versions": object{"aws-sdk-go-v2": aws.SDKVersion}})
	fmt.Println(string(version))
	check("chat", func() (any, error) { return text(whole(model, "converse", converse("Hello"))) })
	check("stream", func() (any, error) {
		kinds, _, err := events(model, "converse-stream", converse("Hello"))
		return err == nil && kinds[0] == "messageStart" && kinds[len(kinds)-1] == "metadata", err
	})
	check("tools", func() (any, error) {
		body := converse("How warm is it in Bern?")
		schema := object{"type": "object", "properties": object{"city": object{"type": "string"}}}
		body["toolConfig"] = object{"tools": []object{{"toolSpec": object{"name": "weather", "inputSchema": object{"json": schema}}}}}
		answer, err := whole(model, "converse", body)
		return err == nil && answer["stopReason"] == "tool_use", err
	})
	check("InvokeModel", func() (any, error) {
		answer, err := whole(model, "invoke", claude("Hello"))
		if err != nil {
			return nil, err
		}
		return answer["content"].([]any)[0].(object)["text"], nil
	})
	check("InvokeModel: stream", func() (any, error) {
		kinds, payloads, err := events(model, "invoke-with-response-stream", claude("Hello"))
		return err == nil && kinds[0] == "chunk" && payloads[0]["bytes"] != nil, err
	})
	check("embeddings", func() (any, error) {
		answer, err := whole("amazon.titan-embed-text-v2:0", "invoke", object{"inputText": "Hello"})
		return err == nil && len(answer["embedding"].([]any)) == 1024, err
	})
	check("ARN", func() (any, error) {
		arn := "arn:aws:bedrock:us-east-1:123456789012:inference-profile/" + model
		return text(whole(arn, "converse", converse("Hello")))
	})
	check("errors", func() (any, error) {
		_, err := whole("nothing.such-v1:0", "converse", converse("Hello"))
		return err != nil && strings.HasPrefix(err.Error(), "404 ResourceNotFoundException "), nil
	})
	check("60 calls at once", func() (any, error) {
		failures := make(chan error, 60)
		for number := 0; number < 60; number++ {
			go func() {
				_, err := text(whole(model, "converse", converse("Hello")))
				failures <- err
			}()
		}
		for number := 0; number < 60; number++ {
			if err := <-failures; err != nil {
				return nil, err
			}
		}
		return true, nil
	})
}
