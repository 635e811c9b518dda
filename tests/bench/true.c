/* SPDX-License-Identifier: Apache-2.0 */
/* A program that does nothing. Static: what runs in the containers; dynamic: the least that a command costs. */
int main(void)
{
	return 0;
}
